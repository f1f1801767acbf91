"""What an error of a server is about, from its status and everything that it says.

Servers use the same status for different errors, and gateways change it. So the words count first:
message, code and type, also of errors that are nested in a message. The wordings are those of
OpenAI, DeepSeek, vLLM, SGLang, llama.cpp, llama-cpp-python, Ollama, LM Studio, LiteLLM, OpenRouter,
TGI, transformers, Anthropic, Gemini, Mistral, Groq, xAI, Azure, Bedrock and Chinese providers, in
public bug reports until November 2026.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbstream.model.failure import FailureCause

_QUOTED = r"[`'\"“]?[\w.:/@-]{1,80}[`'\"”]?"
_TOO_MANY = r"(?:too (?:large|high)|\d{1,12} ?>)"
_USED_UP = r"(?:insufficient|too low|not enough|exhausted|depleted|used up)"
_FIELD = r"(?:parameter|field|key|argument|input|propert|keyword)"
_TOKENS_OPTION = r"max_(?:completion_|new_|output_)?tokens"

#: The first cause with a pattern that is found counts.
_WORDS: dict[FailureCause, tuple[str, ...]] = {
    "scheme": (r"plain http request was sent to https", r"http request to an https server"),
    "rate": (
        # Gemini and Scaleway speak of a quota for a limit that is over in seconds.
        r"resource_exhausted|concurrent requests|(?:requests|tokens) per (?:second|min|hour|day)",
        r"quota.{0,300}retry in",
        r"\boverloaded(?:_error)?\b",
    ),
    "key_budget": (
        # LiteLLM: 400, 422 or 429; the status has changed between versions.
        r"budget has been exceeded|budget_?exceeded|exceeded[_ ]?budget|over budget|crossed budget",
    ),
    "balance": (
        r"insufficient[ _-](?:[a-z]{1,20}[ _-])?(?:balance|credits?|funds|quota)\b",
        rf"(?:balance|credits?|funds)\W{{1,3}}(?:\w{{1,20}}\W{{1,3}}){{0,3}}?{_USED_UP}",
        r"(?:not enough|no|no more|out of|more|all available) credits",
        r"exceeded (?:your|the) current quota",
        r"exceeded_current_quota|credit_balance_too_low",
        r"arrear|billing_error|billing_not_active|billing[ _]hard[ _]limit|payment_required",
        r"extra usage is required",
        r"余额不足|余额不够|欠费|额度不足|额度已用|配额不足|请充值",
    ),
    "round_trip": (
        r"must be passed back",
        r"invalid \W?signature\W? in \W?thinking|thinking\W? blocks? .{0,60}cannot be modified",
    ),
    "json_word": (r"must contain the word\W+json",),
    "response_format": (
        # Before `unknown_field`, whose words it has.
        r"response_?format\b.{0,120}(?:not (?:be )?(?:supported|valid|available|allowed)|unavailable|must be)",
        r"(?:invalid|unsupported|unavailable|not support\w{0,3})\b.{0,60}response_?format",
        r"json[ _](?:mode|schema|object)\b.{0,60}not (?:supported|available|enabled)",
        # Ollama, llama.cpp and Gemini, of a schema that they cannot read or combine with tools.
        r"invalid json schema in format|schema conversion failed|failed to parse grammar|response mime ?type",
        r"not support (?:json|structured)[ _](?:mode|schema|object|outputs?)|structured[ _]outputs? (?:is|are) not",
    ),
    "region": (r"unsupported_country|(?:country|region|location)\b[^.]{0,60} not supported",),
    "content": (
        r"content exists risk|content management policy|content_filter|data_inspection_failed|inappropriate content",
        r"敏感内容|违规内容",
    ),
    "key_model": (r"key_model_access_denied|not allowed to (?:access|call) (?:this )?model|can only access models",),
    "key": (
        r"(?:incorrect|invalid|wrong|malformed|expired|revoked|missing|no|unknown) (?:x-)?api[ _-]?key",
        r"api[ _-]?key\b[^.]{0,60}(?:not valid|invalid|incorrect|missing|expired|not found|not provided|required)",
        r"invalid_api_key|api_key_invalid|invalid_authentication|authenticationerror|authentication_error",
        r"authentication (?:fails|failed|error)|no (?:cookie )?auth credentials|unauthenticated|not authenticated",
        r"invalid (?:access|auth|bearer|proxy server) token|无效的令牌",
        # LiteLLM without a database knows one key only.
        r"no_db_connection|no connected db",
        # MiniMax
        r"login fail",
    ),
    "output_limit": (
        rf"{_TOKENS_OPTION}\W{{0,3}}(?:or \W?{_TOKENS_OPTION}\W{{0,3}})?(?:is |are |: ?)?{_TOO_MANY}",
        rf"(?:invalid|range of) {_TOKENS_OPTION}",
        rf"{_TOKENS_OPTION}\b[^.]{{0,40}}(?:less than or equal|at most)",
    ),
    "context": (
        r"maximum (?:context|prompt|model) length|maximum number of tokens allowed",
        r"context[ _-]?length[ _-]?exceeded|exceed_context_size|tokens_limit_reached|available context size",
        r"exceed\w{0,5} (?:the |its |this |max |maximum |model'?s? ){0,4}context",
        r"context (?:window|size|length)[^.]{0,20} exceed",
        r"(?:longer|greater) than the (?:model's )?(?:maximum )?(?:context|model) length",
        r"context length (?:of|is) only|context (?:the )?overflow|reached context length",
        r"(?:prompt|input|messages?|request body)(?: tokens)? (?:is|are)? ?too (?:long|large)",
        r"`inputs` (?:tokens \+|must have less)|tokens in the prompt|range of input length",
        r"exceeded model token limit|prompt exceeds|max_seq_len|max_model_len",
        r"request_too_large|request exceeds the maximum size",
        r"reduce (?:the|your) (?:length|size) of|reduce your prompt|上下文长度|超长",
    ),
    "loading": (r"loading (?:the )?model\b", rf"model {_QUOTED} is (?:currently |still )?loading\b"),
    "no_thinking": (
        r"(?:does not|doesn't|not) support (?:thinking|reasoning)\b(?! content)",
        r"(?:thinking|reasoning) (?:mode )?is not supported",
        # Anthropic
        r"thinking\.type\.\w{1,20}\W{1,3}is not supported",
        r"\"think\" value",
    ),
    "unknown_field": (
        rf"(?:unknown|unexpected|unrecogni[sz]ed|unsupported|extra|additional)(?: \w{{1,20}})? {_FIELD}",
        r"extra inputs are not permitted",
        r"extra_forbidden|unknown_parameter|unsupported_?param|was unexpected",
        r"not support (?:the |these )?(?:parameter|field)",
        r"(?:parameter|field|argument)s?\b.{0,60}\b(?:is|are) not (?:supported|allowed|permitted|recogni[sz]ed)",
        r"is not supported (?:with|by|for) this model",
    ),
    "model": (
        r"model[ _-]?not[ _-]?(?:exist|found|supported|available)|unknown[ _]model|no such model|^model: ",
        r"\bmodel\b.{0,100}(?:does not|doesn't) exist",
        r"\bmodel\b.{0,100}(?:not (?:be )?found|decommissioned|end of life|no longer (?:available|supported))",
        r"supported api model names|not a valid model|invalid model\b|unsupported model|not found the model",
        r"no endpoints found for|no allowed providers|no healthy deployments|deployment_?not_?found",
        r"deployment for this resource does not exist|no available channel|no models? (?:is |are )?loaded",
        r"failed to load (?:the )?model|model_decommissioned|模型不存在|无效的模型|无可用渠道",
    ),
    "path": (
        r"unexpected endpoint|unknown request url|invalid url|no route|cannot post|method not allowed",
        r"page not found|file not found",
    ),
}
_FLAGS = re.IGNORECASE | re.DOTALL | re.MULTILINE
_PATTERNS = {cause: re.compile("|".join(words), _FLAGS) for cause, words in _WORDS.items()}

#: LiteLLM names the provider whose error it hands on.
_OF_PROVIDER = re.compile(r"\blitellm\.\w{1,40}: (?:\w{1,40}: )?\w{1,40}Exception - ")
#: What concerns the proxy's own key and account there.
_UPSTREAM: dict[FailureCause, FailureCause] = {"key": "upstream_key", "balance": "upstream_balance"}
#: Titles of pages with which a firewall tells programs from people.
_CHALLENGE = re.compile("just a moment|attention required|cloudflare|checking your browser|captcha", re.IGNORECASE)
#: The statuses of a server that takes no more requests at the moment; in a stream there is none.
_BUSY = (None, 429, 500, 503, 529)
#: What a status means if the words say nothing more.
_BY_STATUS: dict[int, FailureCause] = {401: "key", 402: "balance", 404: "path", 405: "path", 410: "model", 429: "rate"}


def cause_of(status: int | None, words: str) -> FailureCause:
    """Return what an error is about; empty if neither its status nor its words tell.

    Args:
        status: the HTTP status, or None for an error in a stream.
        words: messages, codes and types of the error, one per line.
    """
    known = _BY_STATUS.get(status or 0, "")
    if status == 403 and _CHALLENGE.search(words):  # noqa: PLR2004  (forbidden)
        return "page"
    for cause, pattern in _PATTERNS.items():
        # Limits of tokens a minute are also named where one request alone is larger.
        if (cause != "rate" or status in _BUSY) and pattern.search(words):
            return _UPSTREAM.get(cause, cause) if _OF_PROVIDER.search(words) else cause
    return known
