"""Every text of the page, in the order of the views; what goes wrong in the engine says so itself.

To translate the page, translate these. `say` fills in the names in braces, which stay as they are:
`{name}` is a value, in thousands if it is a number, `{n:passage|passages}` a number with its noun
(for a language with more than two forms change `say` here and in assets/dom.js), and
`{date:%B %Y}` a date in the codes of strftime. The scripts in assets/ read the same names.
"""

from string import Formatter
from typing import Any

# Everywhere
TITLE = "qa: answers you can check"
ABOUT = "Every sentence of an answer leads to the place that says it."
ASK = "Ask"
LIBRARY = "Library"
EVALUATE = "Evaluate"
SETTINGS = "Settings"
OPENING_THE_INDEX = "Opening the index"
NO_INDEX = "The index cannot be opened."
COLLECTION = "{documents:document|documents}, {passages:passage|passages}"
DAY = "{date.day} {date:%B %Y}"
NO_DATE = "no date"
PAGE = "page {page}"
ON_PAGE = " (page {page})"
SAME_TEXT_IN = "The same text is in {places}"
TEXT = "Text"

# Signing in
SIGN_IN = "Sign in"
SIGN_IN_TO_READ = "Sign in to qa"
SIGN_IN_WHY = "Its documents and conversations are for the people who were let in here."
SIGN_OUT = "Sign out"
SIGNED_IN = "Signed in"
SECRETS_UNREADABLE = (
    "secrets.toml cannot be read, so the page stays closed. The server's log says why."
)
NOT_ALLOWED = "This account is not allowed to use this page."
NO_ADDRESS = "The provider gave no e-mail address."

# The sidebar
NAME = "qa"
WITHOUT_MODEL = "Quoting the documents, no model configured"
MODEL_SILENT = "No answer from {service}: see Settings"
THE_SERVICE = "the service"
NEW_CONVERSATION = "New conversation"
FILTERS = "Filters"
PUBLISHED_FROM = "Published from"
PUBLISHED_TO = "Published to"
SOURCES_TO_USE = "Files, folders and sites"
ALL_SOURCES = "All"
USE_FILTERS = "Use these filters"
THIS_CONVERSATION = "This conversation"
CONVERSATION_TITLE = "Title"
RENAME = "Rename"
DOWNLOAD_MARKDOWN = "Download as Markdown"
DELETE_CONVERSATION = "Delete for good"
CONVERSATIONS = "Conversations"
NEWEST_DOCUMENTS = "Newest documents"
ALL_DOCUMENTS = "All {n:document|documents}"
SHOW_ALL = "Show all {n}"
SEARCH = "Search"
SEARCH_IN = "Search: {list}"

# Ask: an empty conversation, and the question field
ASK_HEADING = "Ask the documents"
QUESTION_FIELD = "Ask the documents"
NOTHING_TO_SEARCH = (
    "There is nothing to search yet. Add files in the Library, or index a folder first:"
)
THEN_ASK = "Then ask your question here."
PROMISE = (
    "{documents:document|documents}{period}. Each sentence of an answer leads to the place that "
    "says it, or is marked as not backed."
)
PERIOD = ", {first} to {last}"
EXAMPLES = "For example"
DEMO_QUESTIONS = (
    "What did López Obrador ask for in return?",
    "How many people are in the caravan?",
    "How many people crossed the Darién Gap in 2023?",
    "How many tanks did Guatemala send to Tapachula?",
)
EXAMPLE_OF_A_DOCUMENT = "What does “{title}” say?"
CHIPS = "Only documents"
CHIP_FROM = "from {day}"
CHIP_TO = "to {day}"
REMOVE_FILTER = "Remove the filter: {filter}"
CONVERSATION_LOST = "That conversation is not here any more. You can begin a new one."
CONVERSATION_UNKEPT = "This conversation is not being saved: {why}"
JUDGEMENT_UNKEPT = "What you said is not kept: {why}"
CONVERSATIONS_UNUSABLE = (
    "{path}, which keeps the conversations, cannot be used ({why}): make it writable, or move it "
    "away to begin a new one"
)

# Ask: while an answer is made
SEARCHING = "Searching {passages:passage|passages} …"
STOP = "Stop"
STOPPING = "Stopping …"
WAITS = "Waits for the answer before, which it may lean on."

# Ask: an answer
QUESTION = "Question: {question}"
CHIP = "source {number}: {title}, {day}"
VERDICTS = {"supported": "", "partial": "partly backed", "unsupported": "not backed"}
NO_REASON = "no reason given"
DOUBT = "Check before use: of {n:sentence|sentences}, {doubts} by the documents."
DOUBT_OF_ONE = "Check before use: of the only sentence, {doubts} by the documents."
AND = " and "
DISAGREE = "The documents disagree on “{what}”"
SIDE = "source {number}, {day}: {quote}"
SEARCHED_FOR = " for “{query}”"
SEARCHED_ONLY = " only in documents {filters}"
SEARCHED = "Searched{query}{scope}"
SOURCES = "Sources"
NEAREST = "Nearest passages"
ADD_AND_ASK_AGAIN = (
    "Is it in a document that is not here? Add it in the Library or with `qa index FOLDER`, and "
    "ask again."
)
FAILED = "No answer: "
ASK_AGAIN = "Ask again"
UNFINISHED = (
    "it was not finished when this page was opened. Reload the page to see whether it is by now, "
    "or ask again."
)
SAVED_BY_ANOTHER = "the answer was saved by another version of qa and cannot be read: ask again."
UNEXPECTED = "something unexpected went wrong; the server's log says what."

# Ask: under an answer
RIGHT = "This answer is right"
NOT_RIGHT = "This answer is not right"
JUDGEMENT_IS_KEPT = "Your judgement is kept. You can say more:"
WHAT_IS_WRONG = "What is wrong?"
FAULTS = {
    "wrong": "It is wrong",
    "incomplete": "Something is missing",
    "source": "Its source does not say that",
    "unanswerable": "The documents do not say: it should have said so",
}
FAULTS_OF_A_REFUSAL = {"answerable": "The documents do say"}
WHAT_WOULD_BE_RIGHT = "What would be right, in the words of the documents (optional)"
WHY = "Why (optional)"
KEEP_THIS_TOO = "Keep this too"
NOT_NOW = "Not now"
MARKED_RIGHT = "You marked this as right"
MARKED_NOT_RIGHT = "You marked this as not right"
WOULD_BE_RIGHT = "Right would be “{words}”"
SAY_MORE = "Say more"
COPY = "Copy"
COPIED = "Copied."
NOT_COPIED = "The browser did not allow it."
DOWNLOAD = "Download"
DOWNLOAD_WHAT = "The answer with its evidence, for `qa verify`"
OTHER_WAYS = "Ask again …"
ONLY_IN_DOCUMENTS = "Only in documents {filters}"
IN_ALL_DOCUMENTS = "In all documents"
WITH_MODEL = "With {model}"
ONCE_MORE = "Once more, the same way"
STRICTLY = "Strictly: leave out what is not backed"
QUOTE_INSTEAD = "Quote the documents, without a model"
WHERE_TO_CHOOSE = "Choose other filters in the sidebar, another model in Settings."
WHAT_WAS_SEARCHED = "What was searched"
READ = "Searched{scope} for “{query}”. {n:passage was|passages were} read, best first."
DOCUMENTS_CHOSEN = "documents {filters}"
PASSAGE = "Passage"
SCORE = "Score"
WORDS_SAID = "Words said"
COSINE = "Cosine"
BM25 = "BM25"
CITED_AS = "Cited as {number}"
SCORES_MEAN = "The score is what they are ranked by: {by}. – means that it was not found that way."
RANKED_BY_MODEL = "the place that {model} gave them, where it gave one"
RANKED_BY_WORDS = (
    "how much of the question a passage says word by word, a little of how near it is in meaning "
    "(cosine) and in words (BM25), and of the days that the question names"
)
QUOTED = "Quoted, without a model"
SEARCHED_BY_ITSELF = "Searched, without a model"
STRICT = "; strict"
SECONDS = "; {seconds} seconds"

# Ask: the source beside an answer
SOURCE = "Source"
SOURCE_NAMED = "Source: {title}"
CITATIONS = "Citations of the answer"
CITATION_BEFORE = "Citation before"
CITATION_NEXT = "Next citation"
CITATION_AT = "{at} of {of}"
CLOSE_SOURCE = "Close the source"
DATE_FROM = {
    "metadata": "its metadata",
    "front matter": "its front matter",
    "header": "its first lines",
    "url": "its URL",
    "file name": "its file name",
}
DATE_IS_FROM = "from {place}"
CUT_BEFORE = "The beginning is not shown."
CUT_AFTER = "The rest is not shown."
WHOLE_DOCUMENT = "Open the whole document here"
SOURCE_GONE = "Not in the index any more"
SOURCE_GONE_WHY = "The document was changed or removed since. Ask the question again."

# A conversation as Markdown
NO_ANSWER = "No answer: {why}"
ANSWERED_BY = "{searched}. Answered by {model}."

# Library
NO_DOCUMENT = "No document yet. Add files or a text above, or run `qa index FOLDER`."
TIMELINE = "Timeline of {n:document|documents}, {first} to {last}"
UNDATED = "Not shown: {n:document|documents} without a date."
TIMELINE_FROM = "from {day}"
TIMELINE_PUBLISHED = "Published"
TIMELINE_DOCUMENTS = "Documents"
TIMELINE_USE = "Drag over the timeline to choose days, or use the fields."
FIND = "Find in titles and sources"
FOUND = "{n:document|documents} found"
DAYS_TURNED_AROUND = "The first day is after the last one: turn them around."
ALL_DATES = "All dates"
ASK_ONLY_THESE = "Ask only these dates"
ASKS_ONLY_THESE = "Answers use only these dates now. The chips above the question take them away."
FIRST_LISTED = "The first {n} are listed: narrow them down by dates or words."
DATE = "Date"
DATE_IN_TABLE = "D MMMM YYYY"  # in the codes of momentJS
DOCUMENT_TITLE = "Title"
PASSAGES = "Passages"
STATE = "State"
FORMAT = "Format"
DATE_FROM_WHERE = "Date found in"
TABLE = "The documents, with date, title, passages, state and sources"
READY = "ready"
NOTHING_IN_IT = "nothing to search in it"
FILE_GONE = "file is gone"
FILES_GONE = "files are gone"
SOME_FILES_GONE = "{n} of its files gone"
WEB_PAGE = "web page"

# Library: a document
READ_DOCUMENT = "Read a document"
CHOOSE_DOCUMENT = "Choose one here, or a row above"
DOCUMENT_GONE = "This document was changed or removed since."
DISK_FILES_GONE = "What is shown is what the index holds; on the disk these files are gone:"
PASSAGE_RANGE = "{first} to {last}"
DOCUMENT_NAMED = "Document: {title}"
PASSAGE_COUNT = "{n:passage|passages}"
PASSAGES_OF = "passages {first} to {last} of {n:passage|passages}"
PASSAGE_NUMBERED = "Passage {number}"
NOT_SEARCHED = "Not searched"
CLOSE_DOCUMENT = "Close the document"
TAKE_OUT = "Take this document out"
TAKE_OUT_WHAT = (
    "Answers will not draw on it any more, and its quotations in earlier ones cannot be opened. A "
    "file that was uploaded here is deleted; any other stays where it is, and is added again when "
    "its folder is."
)
TAKE_OUT_NOW = "Take it out"
TAKEN_OUT = "{title}: taken out."
NOT_TAKEN_OUT = "It was not removed."

# Library: adding
ADD_DOCUMENTS = "Add documents"
FILES_TAB = "Files"
FOLDER_TAB = "Folder"
TEXT_TAB = "Text"
FILES = "Files, as many as you like"
ADD_FILES = "Add these files"
FOLDER = "Path of a folder or file on the machine that runs qa"
FOLDER_WHAT = (
    "The files stay where they are and are not changed; the index keeps a copy of their text, "
    "which everybody who can open this page can read. Giving a folder again reads only what "
    "changed."
)
KEEP_MISSING = "Keep documents whose files have left the folder since it was last given"
INDEX_FOLDER = "Index this folder"
FOLDER_NEEDED = "A path is needed, such as /home/ann/reports."
TEXT_TITLE = "Title of the text"
TEXT_PUBLISHED = "Published"
TEXT_ITSELF = "The text itself"
ADD_TEXT = "Add this text"
TEXT_NEEDED = "A text needs a title and some words."
READ_AGAIN = "Read the files again"
READ_AGAIN_WHAT = (
    "{n:file|files} in the index. What changed since is read again, what did not costs no time, "
    "and you are told which documents are different now."
)
LOOK_IN = "Look for new files in"
NO_FOLDER = "No folder"
DROP_GONE = "Take out documents whose files are gone"
READ_AGAIN_NOW = "Read again"
BEGINNING = "Beginning"
PROGRESS = "{done} of {total} {name}"
NOTHING_ADDED = "Nothing was added."
NOT_FINISHED = "It was not finished."
CHANGED = "{what}."
ADDED = "{n:document|documents} added"
UPDATED = "{n} updated"
REMOVED = "{n} taken out"
AS_BEFORE = "{n} as before"
DOCUMENT_ADDED = "added: {title}"
DOCUMENT_UPDATED = "updated: {title}"
DOCUMENT_REMOVED = "taken out: {title}"
PROBLEMS = "{n:problem|problems}:"
AND_MORE = "and {n} more"

# Evaluate
NOTHING_TO_EVALUATE = "There is nothing to ask yet: add documents in the Library first."
CASES_WHAT = (
    "A file of cases says what is asked and what a right answer holds, one JSON object a line."
)
CASES_FROM = "Cases"
OWN_FILE = "A file of my own"
JUDGED_HERE = "The {n:answer|answers} judged here"
CASES_FILE = "File of cases"
ASK_AT_MOST = "Ask at most"
RUN_CASES = "Run"
CHOOSE_FILE = "Choose a file first."
DOWNLOAD_JUDGED = "Download the cases from judged answers"
CASES_UNUSED = "{n:case|cases} could not be asked or used:"
JUDGED_UNREADABLE = "What people said of answers cannot be read."
READING_CASES = "Reading the cases"
CASES_DONE = "{done} of {total} cases"
CASES_FAILED = "The cases could not be run."
NO_USABLE_CASE = "no case in the file can be used: {reasons}"
RUN = "Run"
RUN_LABEL = "{day} {time}, {file}, {model}"
RUN_OF_CASES = "cases"
RUN_QUOTING = "quotes"
COMPARE_WITH = "Compare with"
NO_OTHER_RUN = "No other run"
RUN_UNREADABLE = "This run cannot be shown."
MEASURING = "Measuring"
COMPARING = "Comparing"
RUN_EMPTY = "This run was ended before its first answer."
CASES_ASKED = "{n:case|cases} asked"
DOWNLOAD_REPORT = "Download the report"
INTERVALS = "Each value stands over its 95 % interval."
IN_SECONDS = "{seconds} s"
INTERVAL = "{low} to {high}"
VALUE_AND_INTERVAL = "{value} ({interval})"
THIS_RUN = "this run"
COMPARED_WITH = "compared with"
METRIC = "Metric"
VALUE = "Value"
CHART = "Each metric as a point on its 95 % interval"
DIFFERENT = "What is different"
PAIRS = (
    "{n:case|cases} in both runs: {mended} went from wrong to right, {broken} from right to wrong."
)
WORSE = "Significantly worse: {metrics}."
BETTER = "Significantly better: {metrics}."
NO_DIFFERENCE = "No metric is significantly better or worse: each interval holds 0."
BEFORE = "Before"
NOW = "Now"
DIFFERENCE = "Difference and its 95 % interval"
SIGNIFICANT = "Significant"
DIFFERENCES = "Each metric in both runs, with the difference and its 95 % interval"
CASES = "Cases"
ONLY_WRONG = "Only what went wrong"
ONLY_DIFFERENT = "Only what is different from the other run"
CASE_RIGHT = "Right"
CASE_QUESTION = "Question"
CASE_EXPECTED = "Expected"
CASE_GIVEN = "Given"
CASE_BEFORE = "Given before"
CASE_WHY = "Why"
CASE_SECONDS = "Seconds"
CASES_TABLE = "The cases, with what was expected and what was given"
A_REFUSAL = "a refusal"
OR = " or "

# Settings
SETTINGS_WHAT = "They hold for you, in this window, until it is closed or reloaded."
ANSWERS = "Answers"
QUOTE = "Quote the documents"
WRITE = "Let a language model write"
MODEL = "Model"
MODEL_HELP = "Empty: the service's own choice."
BASE_URL = "Base URL"
BASE_URL_HELP = "Empty: OpenAI. Any OpenAI-compatible service will do."
KEY = "Key"
KEY_HELP = "Empty: the one given before for this URL."
PASSAGES_TO_READ = "Passages that an answer may draw on"
WITHHOLD = "Withhold sentences of a model that the documents do not back"
USE_SETTINGS = "Use these settings"
SETTINGS_IN_USE = "These settings are in use."
TEST_CONNECTION = "Test the connection"
ASKING_MODEL = "Asking the model"
CONNECTION_WORKS = "The connection works: the model replied."
REPLY_EMPTY = "the model replied with nothing: choose another one"
DOES_NOT_WORK = "That does not work yet."
NO_SERVICE = "a model needs a service: give a base URL, a key, or both"


def say(template: str, **values: Any) -> str:
    """A text with its values filled in."""
    return _FORMATTER.format(template, **values)


class _Formatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        one, plural, many = format_spec.partition("|")
        if plural:
            return f"{value:,} {one if value == 1 else many}"
        return format(value, format_spec or "," if isinstance(value, int) else format_spec)


_FORMATTER = _Formatter()
