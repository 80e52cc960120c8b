export default function ({ data: { order, ...data }, parentElement, setTriggerValue }) {
  if (late(parentElement, order)) return;
  const root = fresh(parentElement, data);
  if (!root) return;

  const close = () => setTriggerValue("close", true);
  const part = ({ pieces, label }) =>
    el("li", label ? {} : { class: "between" },
      el("p", { class: "label" }, label || strings.NOT_SEARCHED),
      el("p", { class: "words" }, marked(pieces)));
  const text = el("div", { class: "text", tabindex: "0", role: "document", "aria-label": strings.TEXT },
    el("ol", {}, data.parts.map(part)));
  root.replaceChildren(
    el("article", { class: "panel", tabindex: "-1", "aria-label": say(strings.DOCUMENT_NAMED, { title: data.title }),
      onkeydown: (event) => event.key === "Escape" && close() },
      el("header", {},
        el("div", {},
          el("p", { class: "label" }, data.count),
          el("h2", {}, data.title),
          el("p", { class: "quiet" }, data.about, data.url && linked(data.url, data.url)),
          elsewhere(data.also)),
        closing(strings.CLOSE_DOCUMENT, close)),
      text));
  scrollToMark(root, text);
  // In a narrow window the document stands below the list.
  root.firstChild.focus({ preventScroll: window.innerWidth > 1024 });
}
