"""The words of cases in English and Chinese, by the value that programs read."""

from collections.abc import Mapping

STATES: Mapping[str, tuple[str, str]] = {
    "open": ("open", "待分派"),
    "assigned": ("assigned", "已分派"),
    "handing-over": ("being handed over", "移交中"),
    "inspected": ("inspected", "已检查"),
    "decided": ("decided", "已作出决定"),
    "rectifying": ("under rectification order", "督促整改中"),
    "replied": ("replied to", "已反馈待复查"),
    "rechecked": ("re-checked", "复查合格"),
    "closed": ("closed", "已结案"),
}
ACTIONS: Mapping[str, tuple[str, str]] = {
    "open": ("opened", "立案"),
    "assign": ("assigned", "分派"),
    "hand-over": ("handed over", "移交"),
    "accept": ("accepted", "接收"),
    "return": ("returned", "退回"),
    "join": ("joint action", "联合行动"),
    "inspect": ("inspected", "现场检查"),
    "decide": ("decided", "作出决定"),
    "order": ("rectification order", "下达督促整改通知"),
    "extend": ("deadline extended", "延长整改期限"),
    "reply": ("reply", "整改反馈"),
    "recheck": ("re-check", "复查"),
    "close": ("closed", "结案"),
    "reopen": ("opened again", "重新立案"),
    "attach": ("document attached", "附件"),
    "note": ("note", "备注"),
}
DECISIONS: Mapping[str, tuple[str, str]] = {
    "no-mining": ("no mining", "未发现挖矿"),
    "rectify": ("to be rectified", "责令整改"),
    "close-down": ("to be closed down", "责令关停"),
    "penalty": ("penalty", "行政处罚"),
    "transfer": ("transferred to the prosecution", "移送司法"),
}
