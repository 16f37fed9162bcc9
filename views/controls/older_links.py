"""What links say that were handed out before a control was there."""

from __future__ import annotations

from collections.abc import Mapping

from uncertainty.options import ENSEMBLE_MEMBERS, Method

WHOLE = frozenset({"strategy", "ratio", "method", "samples", "tempered", "bins", "seed"})
"""What a link that was handed out says in any case; an address that was not leaves out what is at its default."""


def renewed(params: Mapping[str, str]) -> Mapping[str, str]:
    """What a link means by the controls of today.

    The members of an ensemble were once the samples, as many as there are; who was left to move these may move those.
    """
    samples = params.get("samples", "")
    is_older = params.keys() >= WHOLE and "members" not in params and params["method"] == Method.ENSEMBLE.label
    if not (is_older and samples.isdecimal() and samples.isascii() and len(samples) < 20 and int(samples)):
        return params
    said = {**params, "members": str(min(int(samples), ENSEMBLE_MEMBERS))}
    left = params.get("only", "").split(",")
    return {**said, "only": ",".join([*left, "members"])} if "samples" in left else said
