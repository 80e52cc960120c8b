// What an open document has, beside an answer and beside the list of the library.
function closing(label, close) {
  return el("button", { class: "close", "aria-label": label, onclick: close }, "✕");
}

function linked(url, text) {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

function elsewhere(places) {
  return places?.length > 0
    && el("p", { class: "quiet" }, say(strings.SAME_TEXT_IN, { places: places.join(", ") }));
}

function marked(pieces) {
  return pieces.map((piece) => (piece.marked ? el("mark", {}, piece.text) : piece.text));
}

// To the quotation, when it is drawn and when a turned telephone has moved it.
function scrollToMark(root, text) {
  const mark = text.querySelector("mark");
  let width = 0;
  root.watcher?.disconnect();
  root.watcher = new ResizeObserver(() => {
    if (!mark || text.clientWidth === width) return;
    width = text.clientWidth;
    text.scrollTop += mark.getBoundingClientRect().top - text.getBoundingClientRect().top
      - text.clientHeight / 4;
  });
  root.watcher.observe(text);
}
