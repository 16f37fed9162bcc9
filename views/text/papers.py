"""Where the papers that the glossary cites can be read."""

from __future__ import annotations

import re

_ARXIV = {
    "Berta et al. 2025": "2501.19195",
    "Blalock et al. 2020": "2003.03033",
    "Frankle & Carbin 2019": "1803.03635",
    "Frankle et al. 2020": "1912.05671",
    "Gal & Ghahramani 2016": "1506.02142",
    "Geifman & El-Yaniv 2017": "1705.08500",
    "Geifman et al. 2019": "1805.08206",
    "Guo et al. 2017": "1706.04599",
    "Han et al. 2015": "1506.02626",
    "Hendrycks & Gimpel 2017": "1610.02136",
    "Hendrycks et al. 2019": "1812.04606",
    "Hendrycks et al. 2022": "1911.11132",
    "Houlsby et al. 2011": "1112.5745",
    "Immer et al. 2021": "2008.08400",
    "Lakshminarayanan et al. 2017": "1612.01474",
    "Laves et al. 2019": "1909.13550",
    "Li et al. 2017": "1608.08710",
    "Liu et al. 2019": "1810.05270",
    "Liu et al. 2020": "2010.03759",
    "Molchanov et al. 2017": "1611.06440",
    "Nixon et al. 2019": "1904.01685",
    "Romano et al. 2020": "2006.02544",
    "Su et al. 2020": "2009.11094",
    "Vaicenavicius et al. 2019": "1902.06977",
    "Vovk 2012": "1209.2673",
}
_DOI = {
    "Brier 1950": "10.1175/1520-0493(1950)078%3C0001:VOFEIT%3E2.0.CO;2",
    "Bröcker & Smith 2007": "10.1175/WAF993.1",
    "Davis & Goadrich 2006": "10.1145/1143844.1143874",
    "DeLong et al. 1988": "10.2307/2531595",
    "Hanley & McNeil 1982": "10.1148/radiology.143.1.7063747",
    "MacKay 1992": "10.1162/neco.1992.4.3.448",
    "Naeini et al. 2015": "10.1609/aaai.v29i1.9602",
    "Prechelt 1998": "10.1007/3-540-49430-8_3",
    "Vovk et al. 2005": "10.1007/b106715",
    "Angelopoulos & Bates 2023": "10.1561/2200000101",
    "Sadinle et al. 2019": "10.1080/01621459.2017.1395341",
    "Wilson 1927": "10.1080/01621459.1927.10502953",
}
ADDRESSES = {
    **{paper: f"https://arxiv.org/abs/{number}" for paper, number in _ARXIV.items()},
    # A bracket in an address would end the link in Markdown.
    **{paper: f"https://doi.org/{number.replace('(', '%28').replace(')', '%29')}" for paper, number in _DOI.items()},
}
_CITED = re.compile("|".join(map(re.escape, ADDRESSES)))


def linked(text: str) -> str:
    """The text as Markdown, each paper in it whose address is known being a link."""
    return _CITED.sub(lambda cited: f"[{cited[0]}]({ADDRESSES[cited[0]]})", text)
