export default function ({ data: { order, ...data }, parentElement, setTriggerValue }) {
  if (late(parentElement, order)) return;
  const root = fresh(parentElement, data);
  if (!root) return;

  const most = data.most ?? data.items.length;
  const items = data.items.map(({ label, detail, current, removes }, n) =>
    el("li", { hidden: n >= most && !current && "" },
      el("button", { class: "choice", "aria-current": current && "page",
        "aria-label": removes && say(strings.REMOVE_FILTER, { filter: label }), onclick: () => setTriggerValue("choose", n) },
        el("span", { class: "name" }, label, removes && " ✕"),
        detail && el("span", { class: "quiet" }, detail))));
  const words = data.items.map(({ label, detail, words }) =>
    [label, detail, words].filter(Boolean).join(" ").toLowerCase());
  const all = items.length > most && el("button", { class: "all", onclick: () => narrow("") },
    say(strings.SHOW_ALL, { n: items.length }));
  const narrow = (wanted) => {
    items.forEach((item, n) => { item.hidden = !words[n].includes(wanted); });
    if (all) all.hidden = true;
  };
  root.replaceChildren(
    el("p", { class: "label" }, data.label),
    items.length > Math.min(most, 20)
      ? el("input", { type: "search", placeholder: strings.SEARCH, "aria-label": say(strings.SEARCH_IN, { list: data.label }),
          oninput: (event) => narrow(event.target.value.toLowerCase()) })
      : "",
    el("ul", { class: data.style }, items),
    all || "");
}
