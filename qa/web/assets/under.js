const THUMB = "M8 11 11.5 3.5c1.7-.2 3 1.2 2.7 2.9L13.7 9.5H18.6a2 2 0 0 1 2 2.4l-1.3 6.5a2 2 0 0 1-2 1.6H8zM8 11H4v9h4";

// What stands under an answer: thumbs, copying, keeping, other ways to ask, what was searched. What
// the person has opened and typed so far stays when it is drawn anew.
function under(data, root, open, send) {
  const { judged, faults, copied, ways, searched, ranks, meaning, foot } = data.under;
  const state = (root.state ??= { form: null, ways: false, ranks: false, saving: false, said: "" });
  const box = el("div", { class: "under" });

  const names = { true: strings.RIGHT, false: strings.NOT_RIGHT };
  const judge = (right) => {
    const back = judged?.right === right;
    state.form = back ? null : { right, fault: "", reason: "", expected: "" };
    send("judge", back ? { right: null } : { right });
    draw();
  };
  const thumb = (right) => {
    const label = names[right];
    const pressed = (state.form ?? judged)?.right === right;
    const button = el("button", { class: `act thumb ${right ? "up" : "down"}`, "data-key": label,
      "aria-label": label, title: label, "aria-pressed": String(pressed), onclick: () => judge(right) });
    button.append(drawing(THUMB));
    return button;
  };

  const close = () => {
    const { right } = state.form;
    state.form = null;
    draw();
    box.querySelector(`[data-key="${names[right]}"]`).focus();
  };
  const typed = (name) => (event) => { state.form[name] = event.target.value; };
  const field = (name, label) =>
    el("label", {}, el("span", {}, label),
      el("input", { type: "text", "data-key": name, maxlength: "2000", value: state.form[name],
        oninput: typed(name) }));
  const choice = ({ value, label }) =>
    el("label", { class: "choice" },
      el("input", { type: "radio", name: "fault", value, "data-key": value,
        onchange: () => { state.form.fault = value; draw(); }, checked: state.form.fault === value && "" }), label);
  const form = () =>
    el("form", { class: "judging", onsubmit: (event) => {
        event.preventDefault();
        send("judge", { ...state.form });
        close();
      } },
      el("p", { class: "quiet" }, strings.JUDGEMENT_IS_KEPT),
      !state.form.right && el("fieldset", {}, el("legend", {}, strings.WHAT_IS_WRONG), faults.map(choice)),
      !state.form.right && state.form.fault !== "unanswerable" && field("expected", strings.WHAT_WOULD_BE_RIGHT),
      field("reason", strings.WHY),
      el("div", { class: "acts" },
        el("button", { class: "act strong", type: "submit", "data-key": "send" }, strings.KEEP_THIS_TOO),
        el("button", { class: "act", type: "button", "data-key": "no", onclick: close },
          strings.NOT_NOW)));

  const verdict = () => {
    const fault = faults.find(({ value }) => value === judged.fault)?.label;
    const right = judged.expected && say(strings.WOULD_BE_RIGHT, { words: judged.expected });
    const words = [judged.right ? strings.MARKED_RIGHT : strings.MARKED_NOT_RIGHT, fault, right, judged.reason];
    const more = () => { state.form = { ...judged }; draw(); };
    return el("p", { class: "quiet judged" },
      words.filter(Boolean).map((one) => (/[.!?]$/.test(one) ? `${one} ` : `${one}. `)),
      el("button", { class: "link", "data-key": "more", onclick: more }, strings.SAY_MORE));
  };

  const copy = async () => {
    state.said = (await toClipboard(copied)) ? strings.COPIED : strings.NOT_COPIED;
    draw();
  };
  const save = () => {
    if (data.dossier) return download(data.dossier);
    state.saving = true;
    send("save", true);
  };
  const toggle = (name) => () => { state[name] = !state[name]; draw(); };

  const list = () =>
    el("div", { class: "ways" },
      el("ul", {}, ways.map((label, n) => el("li", {},
        el("button", { class: "link", "data-key": `way-${n}`, onclick: () => { state.ways = false; send("again", n); draw(); } },
          label)))),
      el("p", { class: "quiet" }, strings.WHERE_TO_CHOOSE));

  const table = () =>
    el("div", { class: "ranks" },
      el("p", { class: "quiet" }, searched),
      el("table", {},
        el("thead", {}, el("tr", {}, [strings.PASSAGE, strings.SCORE, strings.WORDS_SAID, strings.COSINE, strings.BM25].map((name) =>
          el("th", { scope: "col" }, name)))),
        el("tbody", {}, ranks.map(({ title, detail, cited, scores, target }, n) =>
          el("tr", {},
            el("th", { scope: "row" },
              el("button", { class: "link", "data-key": `rank-${n}`, onclick: open(target) }, `${n + 1}. ${title}`),
              el("span", { class: "quiet" }, cited > 0 && `${say(strings.CITED_AS, { number: cited })} · `, detail)),
            scores.map((score) => el("td", {}, score)))))),
      el("p", { class: "quiet" }, meaning));

  const draw = () => {
    remember(root);
    box.replaceChildren(
      el("div", { class: "acts" },
        thumb(true),
        thumb(false),
        el("button", { class: "act", "data-key": "copy", onclick: copy }, strings.COPY),
        el("button", { class: "act", "data-key": "save", title: strings.DOWNLOAD_WHAT, onclick: save }, strings.DOWNLOAD),
        el("button", { class: "act", "data-key": "ways", "aria-expanded": String(state.ways), onclick: toggle("ways") }, strings.OTHER_WAYS),
        el("button", { class: "act", "data-key": "ranks", "aria-expanded": String(state.ranks), onclick: toggle("ranks") }, strings.WHAT_WAS_SEARCHED),
        el("span", { class: "quiet", role: "status" }, state.said)),
      state.form ? form() : judged ? verdict() : "",
      state.ways ? list() : "",
      state.ranks ? table() : "",
      foot && el("p", { class: "quiet spent" }, foot));
    state.said = "";
    restore(root);
  };
  draw();
  if (state.saving && data.dossier) {
    state.saving = false;
    download(data.dossier);
  }
  return box;
}

function drawing(path) {
  const names = "http://www.w3.org/2000/svg", svg = document.createElementNS(names, "svg");
  const line = document.createElementNS(names, "path");
  line.setAttribute("d", path);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(line);
  return svg;
}

// The clipboard of a page that is not served over https, or not from this machine, is closed.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el("textarea", { style: "position: fixed; opacity: 0" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function download(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
  el("a", { href: url, download: "answer.md" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
