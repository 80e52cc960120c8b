export default function ({ data: { order, ...data }, parentElement, setTriggerValue }) {
  if (late(parentElement, order)) return;
  const root = fresh(parentElement, data);
  if (!root) return;
  remember(root);

  const close = () => {
    setTriggerValue("close", true);
    window.qaOpener?.focus();
  };
  const where = data.url ? linked(data.url, data.place) : data.place;
  const text = data.error
    ? el("div", { class: "text" }, el("p", { class: "quiet", role: "alert" }, prose(data.error)))
    : el("div", { class: "text", tabindex: "0", role: "document", "aria-label": strings.TEXT },
        data.before && el("p", { class: "quiet cut" }, strings.CUT_BEFORE),
        el("p", { class: "words" }, marked(data.pieces)),
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
        closing(strings.CLOSE_SOURCE, close)),
      el("h2", {}, data.title),
      !data.error && el("p", { class: "quiet" }, `${data.date}${data.origin && ` (${data.origin})`} · `, where, data.page && ` · ${say(strings.PAGE, { page: data.page })}`),
      elsewhere(data.also),
      !data.error && el("button", { class: "whole", onclick: () => setTriggerValue("whole", true) },
        strings.WHOLE_DOCUMENT)),
    text);
  root.replaceChildren(panel);
  if (!restore(root)) panel.focus({ preventScroll: true });

  scrollToMark(root, text);
}
