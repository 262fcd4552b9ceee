"""The page in Chromium: what it shows for every kind, with the keyboard, and that no text becomes markup."""

import contextlib
import io
import json
import shutil
import tempfile
import threading

import pytest

pytest.importorskip("uvicorn", reason="needs the extra serve")
pytest.importorskip("selenium", reason="needs selenium")

import uvicorn
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from nlpseq.serving.server import ServerSettings, make_app
from nlpseq.serving.server.listening import bind
from nlpseq.serving.server.logs import JsonLog
from tests.tasks.tiny import EXPORTED, exported

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its driver: Debian's chromium-driver"),
    pytest.mark.usefixtures("portable"),
]

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1000,900",
)  # fmt: skip
MARKUP = "<img src=x onerror=\"document.title='broken'\"> & <b>Ada</b> </textarea>"
# What stands where the page has no box that scrolls: a page wider than a phone scrolls as a whole.
TOO_WIDE = "return document.documentElement.scrollWidth - window.innerWidth"
UNNAMED = """return [...document.querySelectorAll("input, textarea, button, a")].filter(
    (item) => !(item.labels?.length || item.textContent.trim())).map((item) => item.outerHTML)"""


@contextlib.contextmanager
def server(*paths):
    """The address of a server, for the block."""
    app = make_app(list(paths), ServerSettings(), JsonLog(io.StringIO()))
    runs = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
    with bind("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=runs.run, args=[[listener]])
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        runs.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def address():
    """The address of a server with a model of every kind."""
    with server(*(f"{kind}={exported(kind)[1]}" for kind in EXPORTED)) as url:
        yield url


@pytest.fixture(scope="module")
def quick_address(forecaster):
    """The address of a server with a model that answers with a number."""
    with server(f"m={forecaster}") as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        with webdriver.Chrome(options, webdriver.ChromeService(DRIVER)) as driver:
            yield driver


@pytest.fixture(params=EXPORTED)
def page(request, browser, address):
    """The page of a kind; afterwards the browser has complained of nothing."""
    browser.get("about:blank")
    browser.get(f"{address}#{request.param}")
    wait(browser, lambda: find(browser, "#name").text == request.param)
    yield browser, request.param
    assert browser.get_log("browser") == []


def find(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def wait(browser, condition):
    WebDriverWait(browser, 30, 0.05).until(lambda _: condition())


def type_text(browser, text):
    """Types a text, and waits for the whole answer to it."""
    browser.execute_script("arguments[0].value = ''", find(browser, "#text"))
    find(browser, "#text").send_keys(text)
    quoted = json.dumps(text).replace("'", "'\\''")
    wait(browser, lambda: quoted in find(browser, "#request").get_attribute("textContent"))
    wait(browser, lambda: find(browser, "#answer").get_attribute("aria-busy") is None)
    return find(browser, "#answer").text


def shown(kind, browser, text):
    """The text or its answer, as the page of a kind shows it."""
    answer = type_text(browser, text)
    if kind == "classification":
        rows = browser.find_elements(By.CSS_SELECTOR, ".scores li")
        assert sorted(row.text.split()[0] for row in rows) == ["maybe", "no", "yes"]
        assert len(browser.find_elements(By.CSS_SELECTOR, ".chosen")) == 1
    elif kind == "tagging":
        assert browser.find_elements(By.CSS_SELECTOR, ".spans mark .type")
        words = browser.find_elements(By.CSS_SELECTOR, ".spans span[title]")
        assert "".join(word.text for word in words) == text.replace(" ", "")
    elif kind == "translation":
        assert len(browser.find_elements(By.CSS_SELECTOR, "input[type=radio]")) == 5
    else:
        assert answer.startswith(text) and len(answer) > len(text) + 20
    return answer


@pytest.mark.slow
def test_every_kind_shows_its_answer_and_no_text_becomes_markup(page):
    browser, kind = page
    first = shown(kind, browser, "Ada met Bo and a cat")
    shown(kind, browser, MARKUP)
    assert not browser.find_elements(By.CSS_SELECTOR, "main img, main b") and "broken" not in browser.title
    assert first and not browser.execute_script(UNNAMED)
    browser.set_window_size(500, 900)  # the narrowest that Chromium makes
    assert browser.execute_script(TOO_WIDE) <= 0
    browser.set_window_size(1000, 900)


@pytest.mark.slow
def test_words_that_lead_to_a_label(browser, address):
    """The title of a word is the score of the text without it."""
    task = exported("classification")[0]
    browser.get(f"{address}#classification")
    wait(browser, lambda: find(browser, "#name").text == "classification")
    type_text(browser, "a good  film <b>")
    label = find(browser, ".scores .label").text
    actual = {
        word.text: word.get_attribute("title") for word in browser.find_elements(By.CSS_SELECTOR, ".words [title]")
    }
    without = {"a": "good  film <b>", "good": "a   film <b>", "film": "a good   <b>", "<b>": "a good  film "}
    scores = task.predict_text(list(without.values()))["scores"][:, task.labels.index(label)]
    assert actual == {word: f"{100 * score:.1f} % without it" for word, score in zip(without, scores)}
    type_text(browser, "good")
    assert not browser.find_elements(By.CSS_SELECTOR, ".words")  # nothing is left without it


@pytest.mark.slow
def test_attention_and_other_translations_by_keyboard(browser, address):
    browser.get(f"{address}#translation")
    wait(browser, lambda: find(browser, "#name").text == "translation")
    type_text(browser, "a b c")
    find(browser, "#text").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("type") == "radio"
    browser.switch_to.active_element.send_keys(Keys.DOWN)
    chosen = browser.find_elements(By.CSS_SELECTOR, ".choices label")[1]
    assert find(browser, ".choices :checked").find_element(By.XPATH, "..").text == chosen.text
    browser.switch_to.active_element.send_keys(Keys.TAB)
    shades = "return [...document.querySelectorAll('.strip')].map((s) => [...s.querySelectorAll('button')].map(\
        (b) => Number(b.style.getPropertyValue('--weight'))))"
    source, target = browser.execute_script(shades)
    assert not any(source) and any(target)  # the first word of the text has the focus
    assert find(browser, ".reading").text.startswith("a: ")


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["the cat", "the cat "])
def test_a_continuation_is_kept_and_varied(browser, address, prompt):
    browser.get(f"{address}#language_model")
    wait(browser, lambda: find(browser, "#name").text == "language_model")
    first = type_text(browser, prompt)
    another, keep = (next(b for b in browser.find_elements(By.CSS_SELECTOR, ".buttons button") if b.text == name)
                     for name in ("Another", "Keep"))  # fmt: skip
    another.click()
    wait(browser, lambda: find(browser, "#answer").get_attribute("aria-busy") is None)
    second = find(browser, ".completion").text
    assert second != first and second.startswith("the cat ")
    keep.click()
    assert find(browser, "#text").get_attribute("value") == second


@pytest.mark.slow
def test_an_error_is_shown(browser, address):
    browser.get(f"{address}#language_model")
    wait(browser, lambda: find(browser, "#name").text == "language_model")
    type_text(browser, "the " * 31)
    assert "the prompt is too long" in find(browser, "#status.problem").text


SHOW = """const [file, answer, text, done] = arguments;
window.fetch = async () => new Response(JSON.stringify({answers: [answer]}));
import(`/widgets/${file}.js`).then(async ({widget}) => {
    const place = document.getElementById("answer");
    const made = widget({name: "m", labels: ["A", "B", "C"]}, () => {});
    done([await made.run(text, place, new AbortController().signal), place.innerText]);
});"""


@pytest.mark.parametrize("file, answer, sentence, lines", [
    ("scores", {"labels": ["b", "c"], "scores": {"a": 0.1, "b": 0.9, "c": 0.625}}, "b, 90.0 %; c, 62.5 %",
     "b 90.0 % c 62.5 % a 10.0 %"),
    ("scores", {"labels": [], "scores": {"a": 0.1}}, "None of the labels.", "a 10.0 %"),
    ("scores", {"label": "n0", "scores": {f"n{i}": 0.5 - i / 100 for i in range(10)}}, "n0, 50.0 %",
     " ".join(f"n{i} {50 - i:.1f} %" for i in range(8)) + " 2 other labels"),
    ("spans", {"tokens": ["x", "y"], "tags": ["A", "B"], "scores": [0.9, 0.9]}, "2 tokens.", "x A y B"),
    ("translations", {"translations": ["p", "q"], "scores": [-1.5, None]}, "p",
     "Translations, the best first p \u22121.50 q \u2013"),
    ("plain", {"next": MARKUP}, "", f"next {MARKUP}"),
    ("scores", {"label": MARKUP, "scores": {MARKUP: 1}}, f"{MARKUP}, 100.0 %", f"{MARKUP} 100.0 %"),
])  # fmt: skip
def test_every_widget(browser, quick_address, file, answer, sentence, lines):
    """Several labels, many labels, tags without a scheme, a model without attention, an unknown kind, markup."""
    browser.get(quick_address)
    wait(browser, lambda: find(browser, "#name").text == "m")
    message, shown = browser.execute_async_script(SHOW, file, answer, "x y")
    assert message == sentence and " ".join(shown.split()) == lines
    assert not browser.find_elements(By.CSS_SELECTOR, "main img, main b")


def test_the_page_answers_while_one_types(browser, quick_address):
    browser.get("about:blank")
    browser.get(quick_address)
    wait(browser, lambda: find(browser, "#name").text == "m")
    assert find(browser, "#status").text == "The answer appears here as you type."
    assert find(browser, "#text-label").text == "Series"
    assert type_text(browser, "1 2 3").startswith("next")
    type_text(browser, "one")
    assert "expected numbers separated by spaces" in find(browser, "#status.problem").text
    complaints = [entry for entry in browser.get_log("browser") if "400 (Bad Request)" not in entry["message"]]
    assert not complaints and not browser.execute_script(UNNAMED)
