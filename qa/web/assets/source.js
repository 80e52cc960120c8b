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
    : el("div", { class: "text", tabindex: "0", role: "document", "aria-label": "Text" },
        data.before && el("p", { class: "quiet cut" }, "The beginning is not shown."),
        el("p", { class: "words" },
          data.pieces.map((piece) => (piece.marked ? el("mark", {}, piece.text) : piece.text))),
        data.after && el("p", { class: "quiet cut" }, "The rest is not shown."));
  const panel = el("aside", { class: "panel", tabindex: "-1", "aria-label": `Source: ${data.title}`,
    onkeydown: (event) => event.key === "Escape" && close() },
    el("header", {},
      el("div", { class: "bar" },
        el("p", { class: "label" }, "Source"),
        data.step && el("div", { class: "steps", role: "group", "aria-label": "Citations of the answer" },
          el("button", { class: "close", "data-key": "before", "aria-label": "Citation before", onclick: () => setTriggerValue("step", -1) }, "‹"),
          el("span", { class: "quiet" }, `${data.step.at} of ${data.step.of}`),
          el("button", { class: "close", "data-key": "after", "aria-label": "Next citation", onclick: () => setTriggerValue("step", 1) }, "›")),
        el("button", { class: "close", "aria-label": "Close the source", onclick: close }, "✕")),
      el("h2", {}, data.title),
      !data.error && el("p", { class: "quiet" }, `${data.date}${data.origin && ` (${data.origin})`} · `, where, data.page && ` · page ${data.page}`),
      data.also?.length > 0 && el("p", { class: "quiet" }, `The same text is in ${data.also.join(", ")}`)),
    text);
  root.replaceChildren(panel);
  if (!restore(root)) panel.focus({ preventScroll: true });

  const mark = text.querySelector("mark");
  if (mark) requestAnimationFrame(() => {
    text.scrollTop += mark.getBoundingClientRect().top - text.getBoundingClientRect().top
      - text.clientHeight / 4;
  });
}
