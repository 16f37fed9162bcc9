"""What the tests of pages share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner

from views.shared import job_panel


@pytest.fixture(autouse=True, scope="session")
def _packages_scanned_once() -> Iterator[None]:
    """Streamlit looks through all installed packages for components: once a server, but once a run of an AppTest."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True, scope="session")
def _patient_lease() -> Iterator[None]:
    """No page of a test looks in every second, and a slow machine trains for longer than a lease."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job_panel, "LEASE", 40 * job_panel.LEASE)
        yield
