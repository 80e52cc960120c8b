export default function ({ data, parentElement, setTriggerValue }) {
  const root = fresh(parentElement, data);
  if (!root) return;

  const items = data.items.map(({ label, detail, current, removes }, n) =>
    el("li", {},
      el("button", { class: "choice", "aria-current": current && "page",
        "aria-label": removes && `Remove the filter: ${label}`, onclick: () => setTriggerValue("choose", n) },
        el("span", { class: "name" }, label, removes && " ✕"),
        detail && el("span", { class: "quiet" }, detail))));
  const narrow = (event) => {
    const wanted = event.target.value.toLowerCase();
    items.forEach((item) => { item.hidden = !item.textContent.toLowerCase().includes(wanted); });
  };
  root.replaceChildren(
    el("p", { class: "label" }, data.label),
    items.length > 20
      ? el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter", oninput: narrow })
      : "",
    el("ul", { class: data.style }, items),
    data.note ? el("p", { class: "quiet note" }, data.note) : "");
}
