"""The words of exit plans in English and Chinese, by the value that programs read."""

from collections.abc import Mapping

RELAPSES: Mapping[str, tuple[str, str]] = {
    "returned": ("the same enterprise mines at the site again", "原企业在原址复燃"),
    "reoccupied": ("another enterprise mines at the site", "其他企业在原址挖矿"),
    "moved": ("the enterprise mines at another site", "原企业易地挖矿"),
    "power-stays": ("the meters take as much as before the exit", "退出后用电未降"),
    "power-back": ("the meters take power again as while it mined", "退出后用电回升"),
}
MILESTONES: Mapping[str, tuple[str, str]] = {
    "open": ("open", "未到期"),
    "late": ("late", "逾期未完成"),
    "done": ("done in time", "按期完成"),
    "done-late": ("done late", "逾期完成"),
}
