export default function ({ data, parentElement, setTriggerValue }) {
  const root = fresh(parentElement, data);
  if (!root) return;
  remember(root);

  const close = () => {
    setTriggerValue("close", true);
    window.qaOpener?.focus();
  };
  const where = data.url
    ? el("a", { href: data.url, target: "_blank", rel: "noopener noreferrer" }, data.place)
    : data.place;
  const text = data.error
    ? el("div", { class: "text" }, el("p", { class: "quiet", role: "alert" }, prose(data.error)))
    : el("div", { class: "text", tabindex: "0", role: "document", "aria-label": strings.TEXT },
        data.before && el("p", { class: "quiet cut" }, strings.CUT_BEFORE),
        el("p", { class: "words" },
          data.pieces.map((piece) => (piece.marked ? el("mark", {}, piece.text) : piece.text))),
        data.after && el("p", { class: "quiet cut" }, strings.CUT_AFTER));
  const panel = el("aside", { class: "panel", tabindex: "-1", "aria-label": say(strings.SOURCE_NAMED, { title: data.title }),
    onkeydown: (event) => event.key === "Escape" && close() },
    el("header", {},
      el("div", { class: "bar" },
        el("p", { class: "label" }, strings.SOURCE),
        data.step && el("div", { class: "steps", role: "group", "aria-label": strings.CITATIONS },
          el("button", { class: "close", "data-key": "before", "aria-label": strings.CITATION_BEFORE, onclick: () => setTriggerValue("step", -1) }, "‹"),
          el("span", { class: "quiet" }, say(strings.CITATION_AT, data.step)),
          el("button", { class: "close", "data-key": "after", "aria-label": strings.CITATION_NEXT, onclick: () => setTriggerValue("step", 1) }, "›")),
        el("button", { class: "close", "aria-label": strings.CLOSE_SOURCE, onclick: close }, "✕")),
      el("h2", {}, data.title),
      !data.error && el("p", { class: "quiet" }, `${data.date}${data.origin && ` (${data.origin})`} · `, where, data.page && ` · ${say(strings.PAGE, { page: data.page })}`),
      data.also?.length > 0 && el("p", { class: "quiet" }, say(strings.SAME_TEXT_IN, { places: data.also.join(", ") }))),
    text);
  root.replaceChildren(panel);
  if (!restore(root)) panel.focus({ preventScroll: true });

  const mark = text.querySelector("mark");
  if (mark) requestAnimationFrame(() => {
    text.scrollTop += mark.getBoundingClientRect().top - text.getBoundingClientRect().top
      - text.clientHeight / 4;
  });
}
