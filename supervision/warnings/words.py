"""The words of risk warnings in English and Chinese, by the value that programs read."""

from collections.abc import Mapping

SEVERITIES: Mapping[str, tuple[str, str]] = {
    "low": ("low", "蓝色"),
    "medium": ("medium", "黄色"),
    "high": ("high", "橙色"),
    "critical": ("critical", "红色"),
}
STATES: Mapping[str, tuple[str, str]] = {
    "open": ("open", "待签收"),
    "acknowledged": ("acknowledged", "处置中"),
    "resolved": ("resolved", "已办结"),
}
LEVELS: Mapping[str, tuple[str, str]] = {
    "central": ("central", "国家级"),
    "province": ("province", "省级"),
    "city": ("city", "市级"),
    "county": ("county", "县级"),
}
KINDS: Mapping[str, tuple[str, str]] = {
    "raised": ("raised", "产生"),
    "repeated": ("seen again", "再次出现"),
    "acknowledged": ("acknowledged", "签收"),
    "assigned": ("assigned", "转办"),
    "escalated": ("escalated", "升级"),
    "noted": ("noted", "备注"),
    "resolved": ("resolved", "办结"),
    "reopened": ("reopened", "重新打开"),
}
DEPARTMENTS: Mapping[str, tuple[str, str]] = {
    "development-reform": ("development and reform", "发展改革部门"),
    "cyberspace": ("cyberspace administration", "网信部门"),
    "industry-it": ("industry and information technology", "工业和信息化部门"),
    "public-security": ("public security", "公安机关"),
    "energy": ("energy", "能源部门"),
    "finance": ("finance", "金融管理部门"),
    "carrier": ("carrier", "电信运营商"),
    "other": ("other", "其他部门"),
}
