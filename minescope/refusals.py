"""What the terminal says of wrong inputs, in Chinese: the sentences that everybody meets in the first hour.

Errors are English sentences with their place before them (facts/errors.py). Each part between colons that is
known here is said in Chinese; places, names and what is not known stay as they are.
"""

import re

_SENTENCES: tuple[tuple[str, str], ...] = (
    ("no such file or folder", "没有这个文件或文件夹"),
    ("No such file or directory", "没有这个文件或目录"),
    ("Is a directory", "这是一个目录"),
    ("Permission denied", "没有权限"),
    ("Read-only file system", "文件系统只读"),
    ("No space left on device", "磁盘已满"),
    ("Address already in use", "端口已被占用"),
    ("Name or service not known", "无法解析这个主机名"),
    ("no file matches this pattern", "没有与此模式匹配的文件"),
    ("the file is empty", "文件为空"),
    ("what the (.+) stream holds is empty", r"\1 压缩流的内容为空"),
    ("the file is neither pcap nor pcapng", "文件既不是 pcap 也不是 pcapng"),
    ("what the (.+) stream holds is neither pcap nor pcapng", r"\1 压缩流的内容既不是 pcap 也不是 pcapng"),
    ("the file is (.+), which is not read", r"文件是 \1，不支持读取"),
    ("cannot be opened", "无法打开"),
    ("cannot be read", "无法读取"),
    ("cannot create (.+)", r"无法创建 \1"),
    ("cannot listen on (.+) port ([0-9]+)", r"无法在 \1 的 \2 端口监听"),
    ("no such interface", "没有这个网络接口"),
    ("live capture needs CAP_NET_RAW", "实时采集需要 CAP_NET_RAW 权限"),
    ("run as root, or give this program that capability", "请以 root 身份运行，或授予本程序该权限"),
    ("not an IPv4 or IPv6 address", "不是 IPv4 或 IPv6 地址"),
    ("not an RFC 3339 time with its zone, such as (.+)", r"不是带时区的 RFC 3339 时间，例如 \1"),
    ("there is no frame ([0-9,]+)", r"没有第 \1 帧"),
    ("it holds ([0-9,]+) frames", r"共有 \1 帧"),
    ("file is not a database", "文件不是数据库"),
    ("(.+) is neither sqlite nor postgresql", r"\1 既不是 sqlite 也不是 postgresql"),
    ("connection failed", "连接失败"),
    ("Connection refused", "连接被拒绝"),
    ("no such file", "没有这个文件"),
    ("no such setting; known are (.+)", r"没有这个设置；已知的设置有 \1"),
    ("not valid TOML", "不是有效的 TOML"),
    ("(--.+) and (--.+) exclude each other", r"\1 与 \2 不能同时使用"),
    ("no column '(.+)'; it has (.+), \\.\\.\\.", r"没有列 \1；现有列：\2……"),
    ("name columns with --column", "请用 --column 指定列名"),
    ("no column '(.+)'", r"没有列 \1"),
    (
        "name the first of the 96 points with --column first-point=NAME",
        "请用 --column first-point=列名 指定96点的第一列",
    ),
    ("([0-9]+) columns from '(.+)' on, not 96", r"从 \2 起只有 \1 列，而不是96列"),
    ("a day has 96 points", "一天有96个点"),
    ("a column of the key lies among the 96 points", "96个点的列中夹有标识列"),
    ("empty sheet", "工作表为空"),
    ("no header", "没有表头"),
    ("the first row names the columns, and one of them is empty", "第一行是列名，其中有空的列名"),
    ("two columns are named '(.+)'", r"有两列同名：\1"),
    ("no file here is named as (.+) is", r"这里没有按 \1 那样命名的文件"),
)
_KNOWN = tuple((re.compile(english), chinese) for english, chinese in _SENTENCES)


def in_chinese(text: str) -> str:
    """Return an error's line with its known parts in Chinese."""
    parts = text.split(": ")
    said = [_part(part) for part in parts]
    out = said[0]
    for place, before, now, part in zip(parts, said, said[1:], parts[1:], strict=False):
        out += ("：" if now != part or before != place else ": ") + now
    return out


def _part(part: str) -> str:
    for english, chinese in _KNOWN:
        if found := english.fullmatch(part):
            return found.expand(chinese)
    return part
