"""Problem details (RFC 9457): every error of the API is one, in the language asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.language import TAGS, Lang, of_request

MEDIA_TYPE = "application/problem+json"
URN = "urn:minescope:problem:"
"""What `type` begins with; docs/api.md explains each."""


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence in both languages, with the same fields in braces."""

    en: str
    zh: str

    def in_language(self, lang: Lang, **fields: object) -> str:
        """Return the sentence with its fields filled in."""
        return (self.zh if lang == "zh" else self.en).format(**fields)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem."""

    name: str
    status: int
    title: Text
    detail: Text


class Problem(Enum):
    """Every kind of problem that this API answers with."""

    MALFORMED_HTTP = Kind(
        "malformed-http",
        400,
        Text("This is not HTTP", "不是有效的 HTTP 请求"),
        Text("The request cannot be read as HTTP/1.1.", "无法按 HTTP/1.1 读取该请求。"),
    )
    MALFORMED_JSON = Kind(
        "malformed-json",
        400,
        Text("The body is not JSON", "请求体不是有效的 JSON"),
        Text("At byte {offset}: {why}.", "第 {offset} 字节处不是有效的 JSON。"),
    )
    INVALID_CURSOR = Kind(
        "invalid-cursor",
        400,
        Text("Unknown cursor", "游标无效"),
        Text(
            "The cursor did not come from this service. Start again without one.",
            "该游标并非由本服务给出，请去掉游标重新开始。",
        ),
    )
    PURPOSE_MISSING = Kind(
        "purpose-missing",
        400,
        Text("No purpose is stated", "未说明查询事由"),
        Text(
            "Say why you ask in the header X-Purpose: a case number or reason of {least} to {most} letters.",
            "请在请求头 X-Purpose 中写明案件编号或事由（{least} 至 {most} 个字符，可用百分号编码的 UTF-8）。",
        ),
    )
    UNAUTHENTICATED = Kind(
        "unauthenticated",
        401,
        Text("Who asks is not known", "未通过身份认证"),
        Text(
            "Send a valid API key as bearer token, or log in at /v1/session.",
            "请以 Bearer 令牌携带有效的 API 密钥，或在 /v1/session 登录。",
        ),
    )
    LOGIN_REFUSED = Kind(
        "login-refused",
        401,
        Text("The log-in was refused", "登录被拒绝"),
        Text(
            "The name, the password or the code is wrong, or the account is locked for a while.",
            "用户名、密码或验证码有误，或账户已被暂时锁定。",
        ),
    )
    CODE_WANTED = Kind(
        "code-wanted",
        401,
        Text("A one-time code is wanted", "需要一次性验证码"),
        Text("Send the code of your authenticator as `code`.", "请在 `code` 中填写验证器显示的验证码。"),
    )
    SIGN_ON_REFUSED = Kind(
        "sign-on-refused",
        401,
        Text("The log-in at the provider was refused", "统一身份认证登录被拒绝"),
        Text(
            "Begin again at /v1/session/oidc; where that does not help, you have no rights here yet.",
            "请从 /v1/session/oidc 重新开始；如仍被拒绝，说明您尚无权限。",
        ),
    )
    FORBIDDEN = Kind(
        "forbidden",
        403,
        Text("Not for this account", "该账户无此权限"),
        Text("It needs the permission {permission}.", "需要权限 {permission}。"),
    )
    CSRF = Kind(
        "csrf",
        403,
        Text("The change did not come from the session's own page", "请求并非来自会话自身的页面"),
        Text(
            "Send the session's token in the header X-CSRF-Token.", "请在请求头 X-CSRF-Token 中携带会话令牌。"
        ),
    )
    UNKNOWN_RECORD = Kind(
        "unknown-record",
        404,
        Text("There is no such record", "没有该记录"),
        Text("Nothing is held under this name.", "没有以此为标识的记录。"),
    )
    BODY_TOO_SLOW = Kind(
        "body-too-slow",
        408,
        Text("The body came too slowly", "请求体传输过慢"),
        Text("A body must be here within {seconds} seconds.", "请求体须在 {seconds} 秒内传完。"),
    )
    HEAD_TOO_SLOW = Kind(
        "head-too-slow",
        408,
        Text("The request came too slowly", "请求传输过慢"),
        Text("A request's headers must be here within {seconds} seconds.", "请求头须在 {seconds} 秒内传完。"),
    )
    HEAD_TOO_LARGE = Kind(
        "head-too-large",
        431,
        Text("The headers are too large", "请求头过大"),
        Text(
            "The request line and headers may hold {limit:,} bytes.",
            "请求行与请求头不得超过 {limit:,} 字节。",
        ),
    )
    NOT_READY = Kind(
        "not-ready",
        409,
        Text("The result is not ready", "结果尚未就绪"),
        Text("The job is {state}.", "任务状态为 {state}。"),
    )
    KEY_REUSED = Kind(
        "idempotency-key-reused",
        422,
        Text("The idempotency key was used for another request", "幂等键已用于另一请求"),
        Text("Use a new Idempotency-Key for a new request.", "请为新的请求使用新的 Idempotency-Key。"),
    )
    NOT_ALLOWED = Kind(
        "not-allowed",
        409,
        Text("This cannot be done now", "当前不能执行该操作"),
        Text("{why}.", "{why}。"),
    )
    NOT_PERMITTED = Kind(
        "not-permitted",
        403,
        Text("Another role, region or department may do this", "须由其他角色、地区或部门执行"),
        Text("{why}.", "{why}。"),
    )
    PRECONDITION_FAILED = Kind(
        "precondition-failed",
        412,
        Text("The record has changed", "记录已变更"),
        Text("It is no longer what If-Match names; read it again.", "记录与 If-Match 不符，请重新读取。"),
    )
    TOO_MANY_REQUESTS = Kind(
        "too-many-requests",
        429,
        Text("Too many requests", "请求过多"),
        Text("Wait as long as Retry-After says.", "请按 Retry-After 所示等待。"),
    )
    UNKNOWN_ADDRESS = Kind(
        "unknown-address",
        404,
        Text("Nothing is known of this address", "没有该地址的记录"),
        Text(
            "No capture has shown {address}, and the registry has never held it.",
            "流量中没有出现过 {address}，登记库中也没有它的记录。",
        ),
    )
    NOT_FOUND = Kind(
        "not-found",
        404,
        Text("There is nothing here", "路径不存在"),
        Text("This service has no path {path}; /docs lists them.", "本服务没有路径 {path}，参见 /docs。"),
    )
    METHOD_NOT_ALLOWED = Kind(
        "method-not-allowed",
        405,
        Text("Method not allowed", "不支持该请求方法"),
        Text(
            "{path} does not answer {method}; it allows {allow}.", "{path} 不支持 {method}，只支持 {allow}。"
        ),
    )
    BODY_TOO_LARGE = Kind(
        "body-too-large",
        413,
        Text("The body is too large", "请求体过大"),
        Text("The body may hold {limit:,} bytes.", "请求体不得超过 {limit:,} 字节。"),
    )
    TOO_MANY_ADDRESSES = Kind(
        "too-many-addresses",
        413,
        Text("Too many addresses", "地址过多"),
        Text("One request may hold {limit:,} addresses.", "一次请求不得超过 {limit:,} 个地址。"),
    )
    UNSUPPORTED_MEDIA_TYPE = Kind(
        "unsupported-media-type",
        415,
        Text("Unsupported media type", "不支持该媒体类型"),
        Text(
            "Send application/json in UTF-8 without a content encoding.",
            "请以 UTF-8 发送 application/json，不要使用内容编码。",
        ),
    )
    MISDIRECTED = Kind(
        "misdirected-request",
        421,
        Text("Not the host that was asked for", "主机名不符"),
        Text(
            "This server listens on the local machine only and answers to its loopback names.",
            "本服务只在本机监听，只接受本机环回名称。",
        ),
    )
    INVALID_REQUEST = Kind(
        "invalid-request",
        422,
        Text("The request is not valid", "请求无效"),
        Text("See errors for what is wrong and where.", "错误及其位置见 errors。"),
    )
    INTERNAL = Kind(
        "internal-error",
        500,
        Text("The service failed", "服务内部错误"),
        Text("The fault is on this side and was logged.", "故障在服务端，已记入日志。"),
    )
    STORE_UNAVAILABLE = Kind(
        "store-unavailable",
        503,
        Text("The database does not answer", "数据库不可用"),
        Text("The store cannot be read now; try again later.", "目前无法读取数据库，请稍后再试。"),
    )
    PROVIDER_UNAVAILABLE = Kind(
        "provider-unavailable",
        503,
        Text("The identity provider does not answer", "身份提供方不可用"),
        Text("Try again later, or log in with a password.", "请稍后再试，或使用密码登录。"),
    )
    BUSY = Kind(
        "busy",
        503,
        Text("Too many bulk look-ups at once", "批量查询过多"),
        Text("{limit} of them are already running.", "已有 {limit} 个在进行。"),
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong part of a request."""

    detail: str
    pointer: str
    """JSON pointer into {path, query, body} of the request, as a URI fragment: `#/query/limit`."""


class ProblemError(Exception):
    """Raised by a route to answer with a problem."""

    def __init__(
        self,
        problem: Problem,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **fields: object,
    ) -> None:
        super().__init__(problem.value.name)
        self.problem = problem
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.fields = fields


def pointer(*parts: str | int) -> str:
    """Return a JSON pointer (RFC 6901) in its URI fragment form."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def problem_json(
    problem: Problem, lang: Lang, instance: str, faults: Sequence[Fault] = (), **fields: object
) -> dict[str, Any]:
    """Return a problem details object."""
    kind = problem.value
    body: dict[str, Any] = {
        "type": URN + kind.name,
        "title": kind.title.in_language(lang),
        "status": kind.status,
        "detail": kind.detail.in_language(lang, **fields),
        "instance": instance,
    }
    if faults:
        body["errors"] = [{"detail": fault.detail, "pointer": fault.pointer} for fault in faults]
    return body


def problem_response(
    request: Request,
    problem: Problem,
    *,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
    **fields: object,
) -> Response:
    """Return the response to a request that met a problem."""
    lang = of_request(request)
    body = problem_json(problem, lang, request.url.path, faults, **fields)
    return as_response(body, lang, headers)


def http_response(request: Request, error: HTTPException) -> Response:
    """Return the response to an HTTP error that has no kind of its own: RFC 9457's `about:blank`."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": str(error.detail),
        "instance": request.url.path,
    }
    return as_response(body, "en", error.headers)


def as_response(body: Mapping[str, Any], lang: Lang, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem details object as a response."""
    return Response(
        # Escaped, so that a path or an address with a lone surrogate can be named too.
        json.dumps(body),
        status_code=body["status"],
        media_type=MEDIA_TYPE,
        headers={**(headers or {}), "Content-Language": TAGS[lang], "Vary": "Accept-Language"},
    )
