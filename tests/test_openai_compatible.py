import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from openai_server import (
    USAGE,
    OpenAIServer,
    breaks_off,
    fails,
    fails_in_stream,
    hangs_up,
    is_silent,
    says,
    says_for_ever,
    sends,
    shows_a_page,
    stalls,
    vector,
)

from qa.errors import InputError, ModelError, TooLongError
from qa.models.openai_compatible import OpenAICompatible, OpenAIEmbedder
from qa.settings import Settings

KEY = "sk-secret-0123456789"
NOWHERE = "http://127.0.0.1:1/v1"  # nothing listens on port 1


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("OPENAI_", "QA_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


def chat(url: str, **settings: Any) -> OpenAICompatible:
    given = {"base_url": url, "model": "test", "api_key": KEY, "timeout": 20} | settings
    return OpenAICompatible.configured(Settings.load(**given))


def embedder(url: str, **settings: Any) -> OpenAIEmbedder:
    return OpenAIEmbedder.configured(Settings.load(base_url=url, **settings), "little")


def complaint(model: OpenAICompatible) -> str:
    """What the user sees when the reply is asked for; the key is never in it."""
    with pytest.raises(ModelError) as error:
        list(model.reply("Be brief.", "Say two words."))
    assert KEY not in f"{error.value!r} {error.value.__cause__!r}"
    return str(error.value)


def kept(model: OpenAICompatible) -> tuple[str, str]:
    """What of a reply arrived, and why there is no more."""
    reply = model.reply("Be brief.", "Say two words.")
    text = "".join(reply)
    assert KEY not in str(reply.faults)
    return text, " ".join(reply.faults)


def test_a_reply_arrives_in_pieces_and_its_tokens_are_counted_afterwards(
    server: OpenAIServer,
) -> None:
    server.replies.append(says("Two ", "words."))
    reply = chat(server.url).reply("Be brief.", "Say two words.")
    assert reply.usage == {}
    assert list(reply) == ["Two ", "words."]
    assert reply.usage == {name: USAGE[name] for name in ("prompt_tokens", "completion_tokens")}


def test_the_request_streams_at_temperature_zero_and_is_bounded(server: OpenAIServer) -> None:
    server.replies.append(says("Two words."))
    list(chat(server.url).reply("Be brief.", "Say two words."))
    (request,) = server.requests
    assert server.keys == [f"Bearer {KEY}"]
    assert request == {
        "model": "test",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Say two words."},
        ],
        "temperature": 0,
        "max_tokens": 600,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_server_that_counts_no_tokens_is_good_enough(server: OpenAIServer) -> None:
    server.replies.append(says("Two words.", usage=False))
    reply = chat(server.url).reply("Be brief.", "Say two words.")
    assert list(reply) == ["Two words."]
    assert reply.usage == {}


def test_a_reply_at_its_full_length_is_kept_and_names_the_limit(server: OpenAIServer) -> None:
    server.replies.append(says("Two wor", finish="length"))
    assert kept(chat(server.url)) == (
        "Two wor",
        "test came to the length that it may have: raise QA_ANSWER_TOKENS (now 600)",
    )


def test_a_reply_that_a_filter_ended_is_kept_and_says_so(server: OpenAIServer) -> None:
    server.replies.append(says("Two wor", finish="content_filter"))
    assert kept(chat(server.url)) == (
        "Two wor",
        f"the filter of {server.url} ended the reply: ask in other words",
    )


def test_temperature_and_length_are_settings(server: OpenAIServer) -> None:
    server.replies.append(says("Two words."))
    list(chat(server.url, temperature=0.7, answer_tokens=90).reply("", ""))
    assert (server.requests[0]["temperature"], server.requests[0]["max_tokens"]) == (0.7, 90)


def test_a_model_that_has_one_temperature_names_the_setting(server: OpenAIServer) -> None:
    server.replies.append(fails(400, "Unsupported value: 'temperature' must be 1"))
    assert complaint(chat(server.url)).endswith(": check QA_TEMPERATURE")


def test_a_local_server_needs_no_key(server: OpenAIServer) -> None:
    server.replies.append(says("Two words."))
    assert list(chat(server.url, api_key="").reply("", "")) == ["Two words."]


def test_without_a_model_the_first_that_the_server_lists_is_asked_for_once(
    server: OpenAIServer,
) -> None:
    server.models = ["first", "second"]
    server.replies += [says("One."), says("Two.")]
    model = chat(server.url, model="")
    assert server.paths == []
    assert [list(model.reply("", "")), list(model.reply("", ""))] == [["One."], ["Two."]]
    assert model.name == "first"
    assert [request["model"] for request in server.requests] == ["first", "first"]
    assert server.paths.count("/v1/models") == 1


def test_openai_itself_is_asked_for_its_small_model() -> None:
    assert chat("", model="").name == "gpt-4.1-mini"


def test_a_server_without_a_model_says_to_load_one(server: OpenAIServer) -> None:
    server.models = []
    message = complaint(chat(server.url, model=""))
    assert message == f"{server.url} lists no model: load one there, or set QA_MODEL"


def test_a_server_that_does_not_list_its_models_says_to_set_one(server: OpenAIServer) -> None:
    server.models = None
    message = complaint(chat(server.url, model=""))
    assert message.startswith(f"{server.url} does not know its models: set QA_MODEL")


def test_a_consumer_that_stops_early_closes_the_response(server: OpenAIServer) -> None:
    server.replies.append(says_for_ever("and "))
    pieces = iter(chat(server.url).reply("", ""))
    assert next(pieces) == "and "
    del pieces
    assert server.left.wait(20)


def test_no_connection_names_the_address_and_the_way_without_a_model() -> None:
    assert complaint(chat(NOWHERE, api_key="")) == (
        f"no connection to {NOWHERE}: check that the server is running, or unset OPENAI_BASE_URL "
        "to quote the documents without a model"
    )


def test_the_way_without_a_model_does_not_lead_to_another_service() -> None:
    # With the key alone, the documents would be sent to OpenAI.
    message = complaint(chat(NOWHERE))
    assert "unset OPENAI_BASE_URL and OPENAI_API_KEY to quote" in message


def test_a_connection_closed_before_the_reply_is_no_connection(server: OpenAIServer) -> None:
    server.replies += [hangs_up] * 3
    assert complaint(chat(server.url)).startswith(f"no connection to {server.url}: ")
    assert not server.replies


def test_a_password_in_the_address_is_not_shown() -> None:
    message = complaint(chat("http://me:hidden@127.0.0.1:1/v1"))
    assert message.startswith("no connection to http://127.0.0.1:1/v1: ")


def test_a_rejected_key_is_not_repeated(server: OpenAIServer) -> None:
    server.replies.append(fails(401, f"Incorrect API key provided: {KEY}"))
    message = complaint(chat(server.url))
    assert message == f"{server.url} did not accept the key: check OPENAI_API_KEY"


def test_a_key_in_the_words_of_the_service_is_left_out(server: OpenAIServer) -> None:
    server.replies.append(fails(403, f"{KEY} may not\n use this model"))
    assert complaint(chat(server.url)) == (
        f"{server.url} refused the request with 403 ([key] may not use this model): check QA_MODEL"
    )


def test_an_unknown_model_is_named_with_those_that_the_server_has(server: OpenAIServer) -> None:
    server.replies.append(fails(404, "model not found"))
    message = complaint(chat(server.url, model="huge"))
    assert message == f"{server.url} does not know huge: set QA_MODEL to one of test, other"


def test_a_wrong_path_is_suspected_where_no_model_is_listed(server: OpenAIServer) -> None:
    server.models = None
    server.replies.append(fails(404, "no such path"))
    assert complaint(chat(server.url)) == (
        f"{server.url} does not know test: set QA_MODEL, and check that OPENAI_BASE_URL is right: "
        "it mostly ends in /v1"
    )


def test_too_many_requests_are_repeated_twice_and_then_explained(server: OpenAIServer) -> None:
    server.replies += [fails(429, "you exceeded your quota")] * 3
    assert complaint(chat(server.url)) == (
        f"{server.url} takes no more requests (you exceeded your quota): wait, or check the "
        "account's limits"
    )
    assert len(server.requests) == 3


def test_a_passing_failure_goes_unnoticed(server: OpenAIServer) -> None:
    server.replies += [fails(503, "loading the model"), says("Two words.")]
    assert list(chat(server.url).reply("", "")) == ["Two words."]


def test_a_failing_server_is_quoted(server: OpenAIServer) -> None:
    server.replies += [fails(500, "out of memory")] * 3
    message = complaint(chat(server.url))
    assert message == (
        f"{server.url} failed with 500 (out of memory): ask again, or look into its log"
    )


def test_a_silent_server_says_how_long_was_waited(server: OpenAIServer) -> None:
    server.replies += [is_silent] * 3
    assert complaint(chat(server.url, timeout=0.2)) == (
        f"{server.url} was silent for 0.2 seconds: raise QA_TIMEOUT, or use a smaller model"
    )
    assert len(server.requests) == 1  # asking again would cost the limit three times


def test_a_stream_that_stalls_says_how_long_was_waited(server: OpenAIServer) -> None:
    server.replies.append(stalls("Two "))
    text, fault = kept(chat(server.url, timeout=0.5))
    assert text == "Two "
    assert fault.startswith(f"{server.url} was silent for 0.5 seconds: ")


def test_of_a_stream_without_an_end_what_arrived_is_kept(server: OpenAIServer) -> None:
    server.replies.append(says("Two ", finish=None))
    assert kept(chat(server.url)) == (
        "Two ",
        f"{server.url} broke off in the middle of its reply: ask again",
    )


def test_a_stream_that_ends_before_it_began_is_cut_too(server: OpenAIServer) -> None:
    server.replies.append(says(finish=None))
    assert complaint(chat(server.url)).startswith(f"{server.url} broke off ")


def test_a_connection_that_breaks_in_the_stream_is_a_reply_cut_off(server: OpenAIServer) -> None:
    server.replies.append(breaks_off("Two "))
    assert kept(chat(server.url)) == (
        "Two ",
        f"{server.url} broke off in the middle of its reply: ask again",
    )


def test_an_error_inside_the_stream_is_quoted(server: OpenAIServer) -> None:
    server.replies += [fails_in_stream("Two ", "the GPU is lost"), fails_in_stream("", "no memory")]
    said = f"{server.url} stopped with an error in mid-reply"
    assert kept(chat(server.url)) == ("Two ", f"{said} (the GPU is lost): ask again")
    assert complaint(chat(server.url)) == f"{said} (no memory): ask again"


@pytest.mark.parametrize("reply", [shows_a_page, sends({"choices": []}), sends("hello")])
def test_a_server_that_does_not_stream_is_a_stranger(server: OpenAIServer, reply: Any) -> None:
    server.replies.append(reply)
    assert complaint(chat(server.url)) == (
        f"{server.url} does not answer like an OpenAI-compatible service: check OPENAI_BASE_URL, "
        "which mostly ends in /v1"
    )


@pytest.mark.parametrize("pieces", [(), ("", " \n")])
def test_an_empty_reply_is_an_error(server: OpenAIServer, pieces: tuple[str, ...]) -> None:
    server.replies.append(says(*pieces))
    assert complaint(chat(server.url)) == (
        "test gave an empty reply (finish reason: stop): ask again, or set QA_MODEL to another "
        "model"
    )


def test_a_text_that_is_too_long_names_the_setting_that_shortens_it(server: OpenAIServer) -> None:
    words = "This model's maximum context length is 512 tokens, you requested 1900"
    server.replies += [fails(400, words)] * 2
    with pytest.raises(TooLongError):
        list(chat(server.url).reply("", ""))
    assert complaint(chat(server.url)) == (
        f"the text is too long for test ({words}): lower QA_EVIDENCE_TOKENS (now 1500), or use "
        "another model"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "127.0.0.1:8080"}, "begin it with http:// or https://"),
        ({"base_url": "http://127.0.0.1:8080/v1", "api_key": "sk-…"}, "copy it again"),
        ({"base_url": "", "api_key": " "}, "OPENAI_API_KEY is not set"),
    ],
)
def test_an_address_or_key_that_cannot_be_used_is_refused_at_once(
    settings: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        OpenAICompatible.configured(Settings.load(**settings))


def test_vectors_are_of_unit_length_and_in_the_order_of_the_texts(server: OpenAIServer) -> None:
    texts = ["López Obrador", "Tapachula", "Eagle Pass"]
    vectors = embedder(server.url).embed(texts)
    expected = np.array([vector(text) for text in texts])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert server.requests[0]["encoding_format"] == "base64"


def test_many_texts_are_sent_in_requests_that_the_service_accepts(server: OpenAIServer) -> None:
    short = [f"text {n}" for n in range(2050)]
    long = ["é" * 100_000] * 3  # 200,000 bytes each
    vectors = embedder(server.url).embed([*short, *long])
    assert vectors.shape == (2053, 8)
    assert [len(request["input"]) for request in server.requests] == [2048, 3, 1, 1]
    assert [text for r in server.requests for text in r["input"]] == [*short, *long]


def test_no_texts_need_no_request(server: OpenAIServer) -> None:
    assert embedder(server.url).embed([]).shape == (0, 0)
    assert server.requests == []


def test_an_embedder_is_known_by_its_model(server: OpenAIServer) -> None:
    assert embedder(server.url).name == "openai-little"


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (shows_a_page, "does not answer like an OpenAI-compatible service"),
        (sends({"data": []}), "does not answer like an OpenAI-compatible service"),
        (sends({"data": [{"index": 0, "embedding": [1.0]}]}), "gave 1 vectors for 2 texts"),
        (
            sends({"data": [{"index": n, "embedding": [1.0] * (n + 1)} for n in range(2)]}),
            "gave vectors of different lengths",
        ),
        (
            sends({"data": [{"index": n, "embedding": [0.0, 0.0]} for n in range(2)]}),
            "gave a vector without a direction",
        ),
        (fails(401, "no"), "did not accept the key: check OPENAI_API_KEY"),
        (fails(404, "no"), "does not know little: set QA_EMBEDDER to one of test, other"),
    ],
)
def test_vectors_that_cannot_be_used_are_refused(
    server: OpenAIServer, reply: Any, message: str
) -> None:
    server.replies.append(reply)
    with pytest.raises(ModelError, match=message):
        embedder(server.url).embed(["one", "two"])


def test_an_embedder_that_is_down_names_the_way_without_it() -> None:
    with pytest.raises(ModelError, match="or unset QA_EMBEDDER to embed on this machine"):
        embedder(NOWHERE).embed(["one"])


def test_importing_the_adapter_does_not_import_openai() -> None:
    code = "import sys, qa.models.openai_compatible; sys.exit('openai' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
