"""Annual reports: a year of one account, as its owner is told of it."""

import msgspec


class Month(msgspec.Struct, frozen=True):
    month: int  # 1: January
    posts: int
    followers: int  # who began to follow it in that month, and still do


class YearData(msgspec.Struct, frozen=True):
    """What is counted, and kept as JSON."""

    archetype: str  # of social/annual_reports.py
    months: list[Month]
    top_tag: str  # as written last; "": it used none
    top_tag_uses: int
    most_boosted_id: int  # of its posts that everybody may see; 0: none was boosted


class AnnualReport(msgspec.Struct, frozen=True):
    """Columns of `annual_reports`."""

    account_id: int
    year: int
    data: str  # JSON of YearData; "": it is being counted
    asked_ms: int
    read_ms: int  # when its owner looked at it; 0: not yet

    @property
    def counted(self) -> YearData:
        return _data(self.data)


_data = msgspec.json.Decoder(YearData).decode
