"""Error bodies of servers, in the manner of public bug reports, with data of our own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbstream.model.failure import FailureCause


def openai(text: str, **fields: Any) -> str:
    return json.dumps({"error": {"message": text, **fields}})


INVALID: dict[str, Any] = {"type": "invalid_request_error", "param": None, "code": "invalid_request_error"}

#: Server and report, status, body, cause.
BODIES: list[tuple[str, int, str, FailureCause]] = [
    # No money.
    ("DeepSeek", 402, openai("Insufficient Balance", type="unknown_error", code="invalid_request_error"), "balance"),
    (
        "LiteLLM (aider 4851)",
        400,
        openai(
            'litellm.BadRequestError: DeepseekException - {"error":{"message":"Insufficient Balance","type":'
            '"unknown_error","param":null,"code":"invalid_request_error"}}',
            code="400",
        ),
        "upstream_balance",
    ),
    (
        "a gateway over the SDK",
        500,
        openai("Error code: 402 - {'error': {'message': 'Insufficient Balance', 'type': 'unknown_error'}}"),
        "balance",
    ),
    (
        "OpenAI",
        429,
        openai(
            "You exceeded your current quota, please check your plan and billing details.",
            type="insufficient_quota",
            code="insufficient_quota",
        ),
        "balance",
    ),
    (
        "LiteLLM over OpenAI",
        429,
        openai("litellm.RateLimitError: OpenAIException - You exceeded your current quota, please check your plan."),
        "upstream_balance",
    ),
    (
        "OpenRouter (free-claude-code 772)",
        402,
        openai("Insufficient credits. This account never purchased credits.", code=402),
        "balance",
    ),
    (
        "OpenRouter (continue 10298)",
        402,
        openai("This request requires more credits, or fewer max_tokens. You can only afford 4000.", code=402),
        "balance",
    ),
    (
        "Anthropic",
        400,
        json.dumps(
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "Your credit balance is too low to access the API. Please go to Plans & Billing.",
                },
            }
        ),
        "balance",
    ),
    (
        "Moonshot",
        429,
        openai("Your account is suspended due to insufficient balance.", type="exceeded_current_quota_error"),
        "balance",
    ),
    ("Zhipu", 429, json.dumps({"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}), "balance"),
    (
        "DashScope",
        400,
        json.dumps(
            {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."}
        ),
        "balance",
    ),
    (
        "SiliconFlow",
        403,
        json.dumps({"code": 30001, "message": "Sorry, your account balance is insufficient"}),
        "balance",
    ),
    (
        "one-api",
        403,
        openai("用户额度不足, 剩余额度: $0.00", type="new_api_error", code="insufficient_user_quota"),
        "balance",
    ),
    ("LiteLLM's own budget", 400, openai("Budget has been exceeded! Current cost: 2.1, Max budget: 2.0"), "key_budget"),
    (
        "LiteLLM 1.108, seen in tests/jupyter/test_classroom.py",
        422,
        openai(
            "Budget has been exceeded! Key=ada Current cost: 0.00052912, Max budget: 0.0005",
            type="budget_exceeded",
            code="422",
        ),
        "key_budget",
    ),
    (
        "LiteLLM, of a model",
        429,
        openai("LiteLLM User: ada, exceeded budget for model=gpt-5", type="budget_exceeded", code="429"),
        "key_budget",
    ),
    (
        "LiteLLM, of an end user",
        400,
        openai("ExceededBudget: End User=ada over budget. Spend=0.0008, Budget=0.0001", type="auth_error", code="400"),
        "key_budget",
    ),
    (
        "LiteLLM, of a deployment (14144)",
        429,
        openai("No deployments available - crossed budget: Exceeded budget for deployment model_name: x"),
        "key_budget",
    ),
    (
        "LiteLLM 1.108, a model that the key may not use",
        403,
        openai(
            "key not allowed to access model. This key can only access models=['flash']. Tried to access pro",
            type="key_model_access_denied",
            param="model",
            code="403",
        ),
        "key_model",
    ),
    (
        "LiteLLM 1.108, of a minute",
        429,
        openai(
            "Rate limit exceeded for api_key: 36c7. Limit type: requests. Current limit: 2, Remaining: 0. Limit resets "
            "at: 2026-11-26 12:35:07 UTC",
            type="throttling_error",
            code="429",
        ),
        "rate",
    ),
    # Too many requests, which a wait changes.
    ("DeepSeek", 429, openai("Rate Limit Reached", **INVALID), "rate"),
    (
        "OpenAI",
        429,
        openai(
            "Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000, Used 29000. Add a payment method to "
            "your account to increase it at https://platform.openai.com/account/billing.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        "rate",
    ),
    (
        "Gemini",
        429,
        json.dumps(
            [
                {
                    "error": {
                        "code": 429,
                        "message": "You exceeded your current quota, please check your plan and billing details. "
                        "Please retry in 12.5s.",
                        "status": "RESOURCE_EXHAUSTED",
                    }
                }
            ]
        ),
        "rate",
    ),
    ("LiteLLM", 429, openai("No deployments available for selected model, Try again in 60 seconds."), "rate"),
    (
        "Scaleway (LibreChat agents 357)",
        429,
        json.dumps(
            {
                "status": 429,
                "error": "INSUFFICIENT QUOTA",
                "message": "You exceeded your current limit of concurrent requests.",
            }
        ),
        "rate",
    ),
    (
        "Groq",
        413,
        openai(
            "Request too large for model v3 on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your "
            "message size and try again.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        "",
    ),
    (
        "Anthropic (gsd-2 2803)",
        429,
        json.dumps(
            {
                "type": "error",
                "error": {
                    "type": "rate_limit_error",
                    "message": "Extra usage is required for long context requests.",
                },
            }
        ),
        "balance",
    ),
    # The key.
    ("DeepSeek", 401, openai("Authentication Fails, Your api key: ****9f3a is invalid", **INVALID), "key"),
    ("OpenAI", 401, openai("Incorrect API key provided: sk-ab***wxyz.", code="invalid_api_key"), "key"),
    ("OpenRouter", 401, openai("No auth credentials found", code=401), "key"),
    (
        "Gemini",
        400,
        json.dumps([{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]),
        "key",
    ),
    (
        "LiteLLM",
        500,
        openai(
            "litellm.AuthenticationError: AuthenticationError: DeepseekException - Authentication Fails", code="500"
        ),
        "upstream_key",
    ),
    (
        "LiteLLM before llama.cpp",
        401,
        openai("litellm.AuthenticationError: AuthenticationError: OpenAIException - Invalid API Key", code="401"),
        "upstream_key",
    ),
    ("LiteLLM without a database", 400, openai("No connected db.", type="no_db_connection", code="400"), "key"),
    # The model.
    ("DeepSeek until October", 400, openai("Model Not Exist", **INVALID), "model"),
    (
        "DeepSeek",
        400,
        openai("The supported API model names are deepseek-flash, deepseek-v4-pro, but you passed v3.", **INVALID),
        "model",
    ),
    ("vLLM", 404, json.dumps({"object": "error", "message": "The model `v3` does not exist.", "code": 404}), "model"),
    (
        "OpenAI",
        404,
        openai("The model `v3` does not exist or you do not have access.", code="model_not_found"),
        "model",
    ),
    ("Ollama", 404, openai('model "v3" not found, try pulling it first', type="api_error", code=None), "model"),
    ("OpenRouter", 400, openai("v3 is not a valid model ID", code=400), "model"),
    ("OpenRouter (opencode 1558)", 404, openai("No endpoints found for moonshotai/v3.", code=404), "model"),
    ("LiteLLM", 400, json.dumps({"error": "chat_completion: Invalid model name passed in model=v3"}), "model"),
    ("LM Studio", 404, openai("No models loaded. Please load a model in the developer page.", code=None), "model"),
    ("Moonshot", 404, openai("Not found the model v3 or Permission denied", type="resource_not_found_error"), "model"),
    ("new-api", 503, openai("No available channel for model v3 under group default (distributor)"), "model"),
    ("Groq", 400, openai("The model `v3` has been decommissioned.", code="model_decommissioned"), "model"),
    (
        "NVIDIA",
        410,
        json.dumps({"status": 410, "title": "Gone", "detail": "The model 'v3' has reached its end of life."}),
        "model",
    ),
    ("a proxy", 410, "Gone", "model"),
    ("Azure", 404, openai("The API deployment for this resource does not exist.", code="DeploymentNotFound"), "model"),
    ("Anthropic", 404, json.dumps({"error": {"type": "not_found_error", "message": "model: v3"}}), "model"),
    # The context.
    (
        "DeepSeek, vLLM (20409)",
        400,
        openai("This model's maximum context length is 16384 tokens. However, you requested 122946 tokens.", code=400),
        "context",
    ),
    ("OpenAI", 400, openai("Please reduce it.", code="context_length_exceeded"), "context"),
    (
        "llama.cpp (textgen 7257)",
        400,
        openai(
            "the request exceeds the available context size. try increasing the context size or enable context shift",
            type="exceed_context_size_error",
            code=400,
            n_ctx=8192,
        ),
        "context",
    ),
    (
        "llama.cpp, earlier (15780)",
        500,
        openai("Context size has been exceeded.", type="server_error", code=500),
        "context",
    ),
    (
        "LM Studio (546)",
        400,
        json.dumps(
            {
                "error": "Trying to keep the first 1490 tokens when context the overflows. However, the model is "
                "loaded with context length of only 1024 tokens, which is not enough."
            }
        ),
        "context",
    ),
    (
        "LM Studio (openclaude 353)",
        400,
        json.dumps(
            {
                "error": "The number of tokens to keep from the initial prompt is greater than the context length "
                "(n_keep: 13055>= n_ctx: 4096)."
            }
        ),
        "context",
    ),
    ("llama-cpp-python (416)", 500, openai("Requested tokens (2285) exceed context window of 2048"), "context"),
    ("Ollama", 400, openai("the input length exceeds the context length", type="api_error"), "context"),
    ("Ollama", 400, json.dumps({"error": "prompt too long; exceeded max context length by 120 tokens"}), "context"),
    (
        "SGLang",
        400,
        json.dumps({"message": "The input (5000 tokens) is longer than the model's context length."}),
        "context",
    ),
    (
        "Mistral",
        400,
        json.dumps({"message": "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"}),
        "context",
    ),
    ("Anthropic", 400, openai("prompt is too long: 210000 tokens > 200000 maximum"), "context"),
    ("Gemini", 400, openai("The input token count (12) exceeds the maximum number of tokens allowed (10)."), "context"),
    (
        "xAI",
        400,
        json.dumps({"error": "This model's maximum prompt length is 131072 but it has 537812 tokens."}),
        "context",
    ),
    ("Bedrock", 400, json.dumps({"message": "Input is too long for requested model."}), "context"),
    ("TGI", 422, json.dumps({"error": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000"}), "context"),
    ("Moonshot", 400, openai("Invalid request: Your request exceeded model token limit: 8192"), "context"),
    (
        "DashScope",
        400,
        openai("Range of input length should be [1, 129024]", code="invalid_parameter_error"),
        "context",
    ),
    (
        "SiliconFlow",
        400,
        json.dumps({"message": "length of prompt_tokens (400) must be less than max_seq_len (300)."}),
        "context",
    ),
    (
        "GitHub Models",
        413,
        openai("Request body too large for v3. Max size: 8000 tokens.", code="tokens_limit_reached"),
        "context",
    ),
    (
        "LiteLLM",
        400,
        openai(
            "litellm.ContextWindowExceededError: litellm.BadRequestError: This model's maximum context length is 9."
        ),
        "context",
    ),
    # max_tokens.
    (
        "DeepSeek",
        400,
        openai("Invalid max_tokens value, the valid range of max_tokens is [1, 393216]", **INVALID),
        "output_limit",
    ),
    (
        "vLLM (33418)",
        400,
        openai(
            "'max_tokens' or 'max_completion_tokens' is too large: 10000. This model's maximum context length is 4096 "
            "tokens and your request has 100 input tokens"
        ),
        "output_limit",
    ),
    ("Anthropic", 400, openai("max_tokens: 100000 > 8192, which is the maximum allowed number"), "output_limit"),
    # Fields.
    ("OpenAI", 400, openai("Unknown parameter: 'thinking'.", code="unknown_parameter"), "unknown_field"),
    ("OpenAI", 400, openai("Unrecognized request argument supplied: thinking"), "unknown_field"),
    (
        "Mistral, FastAPI",
        422,
        json.dumps(
            {
                "detail": [
                    {"type": "extra_forbidden", "loc": ["body", "thinking"], "msg": "Extra inputs are not permitted"}
                ]
            }
        ),
        "unknown_field",
    ),
    ("transformers", 422, json.dumps({"detail": "Unexpected fields in the request: {'thinking'}"}), "unknown_field"),
    (
        "LiteLLM",
        400,
        openai("litellm.UnsupportedParamsError: deepseek does not support parameters: ['thinking'], for model=v3."),
        "unknown_field",
    ),
    (
        "OpenAI",
        400,
        openai("Unsupported parameter: 'reasoning_effort' is not supported with this model."),
        "unknown_field",
    ),
    ("Ollama", 400, openai('"v3" does not support thinking', type="api_error"), "no_thinking"),
    # Rules of DeepSeek.
    (
        "DeepSeek",
        400,
        openai("The `reasoning_content` in the thinking mode must be passed back to the API.", **INVALID),
        "round_trip",
    ),
    (
        "DeepSeek (9router 2397)",
        400,
        openai("The `content[].thinking` in the thinking mode must be passed back to the API."),
        "round_trip",
    ),
    (
        "DeepSeek",
        400,
        openai("Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'."),
        "json_word",
    ),
    # The form of the answer.
    ("Ollama (marker 984)", 500, json.dumps({"error": "invalid JSON schema in format"}), "response_format"),
    (
        "llama.cpp (dreb 422)",
        400,
        openai("JSON schema conversion failed:\nPattern must start with '^' and end with '$'", code=400),
        "response_format",
    ),
    (
        "Gemini (ai-manus 101)",
        400,
        json.dumps(
            [
                {
                    "error": {
                        "code": 400,
                        "message": "Function calling with a response mime type: 'application/json' is unsupported",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ]
        ),
        "response_format",
    ),
    ("DeepSeek", 400, openai("This response_format type is unavailable now", **INVALID), "response_format"),
    (
        "LM Studio (bug tracker 189)",
        400,
        json.dumps({"error": "'response_format.type' must be 'json_schema' or 'text'"}),
        "response_format",
    ),
    (
        "OpenAI (midscene 259)",
        400,
        openai(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn more "
            "about supported models at the Structured Outputs guide",
            type="invalid_request_error",
        ),
        "response_format",
    ),
    (
        "OpenAI (outlines 844)",
        400,
        openai(
            "Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be "
            "supplied and to be false.",
            type="invalid_request_error",
            param="response_format",
        ),
        "response_format",
    ),
    # The address.
    ("LM Studio", 404, json.dumps({"error": "Unexpected endpoint or method. (POST /chat/completions)"}), "path"),
    ("vLLM", 404, json.dumps({"detail": "Not Found"}), "path"),
    ("Ollama", 404, "404 page not found", "path"),
    ("llama.cpp", 404, openai("File Not Found", type="not_found_error", code=404), "path"),
    ("OpenAI", 404, openai("Invalid URL (POST /v1/v1/chat/completions)"), "path"),
    ("Express", 404, "<html><title>Error</title><pre>Cannot POST /chat/completions</pre>", "path"),
    ("Go", 400, "Client sent an HTTP request to an HTTPS server.", "scheme"),
    ("nginx", 400, "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>", "scheme"),
    ("llama.cpp", 503, openai("Loading model", type="unavailable_error", code=503), "loading"),
    # Others.
    ("DeepSeek", 400, openai("Content Exists Risk", **INVALID), "content"),
    (
        "Azure",
        400,
        openai(
            "The response was filtered due to the prompt triggering a content management policy.", code="content_filter"
        ),
        "content",
    ),
    (
        "OpenAI",
        403,
        openai("Country, region, or territory not supported", code="unsupported_country_region_territory"),
        "region",
    ),
    ("Gemini", 400, openai("User location is not supported for the API use.", code=400), "region"),
    ("Cloudflare", 403, "<!DOCTYPE html><html><title>Just a moment...</title><body>Wait</body></html>", "page"),
    # Nothing of these.
    ("Cloudflare", 502, "<html><title>502 Bad Gateway | Cloudflare</title></html>", ""),
    ("DeepSeek", 403, openai("The simulator answers 403"), ""),
    ("DeepSeek", 400, openai("Thinking mode does not support this tool_choice", **INVALID), ""),
    ("DeepSeek", 422, openai("Invalid Parameters", **INVALID), ""),
    ("DeepSeek", 503, openai("Service is too busy. We advise users to temporarily switch."), ""),
    ("OpenRouter", 404, openai("No endpoints found that support tool use.", code=404), "path"),
    ("OpenAI", 500, openai("The server had an error while processing your request. Sorry about that!"), ""),
    ("Anthropic", 529, json.dumps({"error": {"type": "overloaded_error", "message": "Overloaded"}}), "rate"),
]
