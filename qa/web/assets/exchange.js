// What is open beside the answer is marked without drawing anew, so that focus stays.
export default function ({ data: { order, opened, ...data }, parentElement, setTriggerValue }) {
  if (late(parentElement, order)) return;
  const root = fresh(parentElement, data);
  if (!root) return current(parentElement, opened);
  remember(root);

  const open = (target) => (event) => {
    window.qaOpener = event.currentTarget;
    setTriggerValue("open", target);
  };

  const chip = ({ number, label, target }) =>
    el("button", { class: "chip", "aria-label": label, title: label, onclick: open(target),
      "data-target": JSON.stringify(target) }, String(number));

  const statement = ({ text, verdict, label, reasons, chips }, n) => {
    const why = reasons.length ? reasons.join("; ") : strings.NO_REASON;
    const toggle = (event) => {
      const shown = event.currentTarget.getAttribute("aria-expanded") === "true";
      event.currentTarget.setAttribute("aria-expanded", String(!shown));
    };
    return el("span", { class: `statement ${verdict}` },
      el("span", { class: "said" }, text), "\u00a0", chips.map(chip),
      label && el("button", { class: "verdict", "aria-expanded": "false",
        "aria-describedby": `why-${n}`, onclick: toggle }, label),
      label && el("span", { class: "reasons", role: "tooltip", id: `why-${n}` },
        `${label[0].toUpperCase()}${label.slice(1)}: ${why}.`), " ");
  };

  const quote = ({ text, target }) =>
    el("li", {}, el("button", { class: "quote", onclick: open(target) }, `“${text}”`));

  const source = ({ number, title, date, place, quotes }) =>
    el("li", { class: "source" },
      el("span", { class: "number", "aria-hidden": "true" }, String(number)),
      el("div", {},
        el("button", { class: "title", "aria-label": say(strings.CHIP, { number, title, day: date }),
          onclick: open({ ...quotes[0].target, spans: quotes.flatMap((q) => q.target.spans) }) },
          title),
        el("p", { class: "quiet" }, `${date} · ${place}`),
        el("ul", {}, quotes.map(quote))));

  const passage = ({ title, date, place, text, target }) =>
    el("li", { class: "source" },
      el("div", {},
        el("button", { class: "title", onclick: open(target) }, title),
        el("p", { class: "quiet" }, `${date} · ${place}`),
        el("button", { class: "quote", onclick: open(target) }, text)));

  const side = ({ figure, number, title, date, place, text, target }) =>
    el("div", { class: "side" },
      el("p", { class: "figure" }, figure),
      el("p", { class: "quiet" }, `${date} · ${title} · ${place}`),
      el("button", { class: "quote", "aria-label": say(strings.SIDE, { number, day: date, quote: text }),
        onclick: open(target) }, `“${text}”`));
  const [disagree, end] = strings.DISAGREE.split("{what}");
  const conflict = ({ what, sides }) =>
    el("section", { class: "conflict", "aria-label": say(strings.DISAGREE, { what }) },
      el("p", {}, disagree, el("strong", {}, what), end),
      el("div", { class: "sides" }, sides.map(side)));

  const remarks = () => data.remarks.map((remark) =>
    el("p", { class: "doubt", role: "note" }, remark));

  const answered = () => [
    el("p", { class: "answer" }, data.statements.map(statement)),
    (data.conflicts || []).map(conflict),
    remarks(),
    data.doubt && el("p", { class: "doubt", role: "note" }, data.doubt),
    data.searched && el("p", { class: "quiet searched" }, data.searched),
    data.sources.length > 0 && el("h3", { class: "label" }, strings.SOURCES),
    data.sources.length > 0 && el("ol", { class: "sources" }, data.sources.map(source)),
  ];

  const refused = () => {
    const [lead, ...rest] = data.refusal.split(/(?<=\.) (?=Searched )/);
    return [
      el("p", { class: "answer" }, lead),
      remarks(),
      rest.length > 0 && el("p", { class: "quiet searched" }, rest.join(" ")),
      data.nearest.length > 0 && el("h3", { class: "label" }, strings.NEAREST),
      data.nearest.length > 0 && el("ul", { class: "sources" }, data.nearest.map(passage)),
      el("p", { class: "quiet hint" }, prose(strings.ADD_AND_ASK_AGAIN)),
    ];
  };

  const failed = () => [
    el("div", { class: "failure", role: "alert" },
      el("p", {}, el("strong", {}, strings.FAILED), prose(data.error)),
      el("button", { class: "retry", onclick: () => setTriggerValue("retry", true) },
        strings.ASK_AGAIN)),
  ];

  const waits = () => data.waits
    ? [el("p", { class: "quiet" }, strings.WAITS)] : [];
  const body = data.error ? failed() : data.refusal ? refused() : data.statements ? answered() : waits();
  const settled = Boolean(data.error || data.refusal || data.statements);
  root.replaceChildren(
    el("section", { "aria-label": say(strings.QUESTION, { question: data.question }) },
      el("h2", { class: "question" }, data.question),
      body,
      data.under && under(data, root, open, setTriggerValue)));
  restore(root);
  current(root, opened);

  // A new answer is read from its question on. Streamlit scrolls to the end of a chat, some time
  // after it grew, so this insists for a second, unless the person scrolls.
  if (data.question === root.waiting && settled) {
    const timers = [100, 300, 600, 1000].map((ms) =>
      setTimeout(() => root.scrollIntoView({ block: "start" }), ms));
    for (const event of ["wheel", "touchmove", "keydown", "pointerdown"])
      window.addEventListener(event, () => timers.forEach(clearTimeout), { once: true });
  }
  root.waiting = settled ? null : data.question;
}

function current(root, opened) {
  for (const chip of root.querySelectorAll(".chip")) {
    const { document, spans } = JSON.parse(chip.dataset.target);
    const shown = document === opened?.document
      && spans.some(([start, end]) => opened.spans.some(([a, b]) => a === start && b === end));
    chip.setAttribute("aria-current", String(shown));
  }
}
