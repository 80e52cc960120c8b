// Text reaches the page as text nodes only: nothing here, or in the other files, parses HTML.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return node;
}

// A text of strings.py with its values filled in, as its `say` does.
function say(template, values) {
  return template.replace(/{(\w+)(?::([^|}]*)\|([^}]*))?}/g, (_, name, one, many) => {
    const value = values[name], shown = value.toLocaleString("en");
    return one === undefined ? shown : `${shown} ${value === 1 ? one : many}`;
  });
}

// A message with `commands` in code.
function prose(text) {
  return text.split("`").map((part, n) => (n % 2 ? el("code", {}, part) : part));
}

// While Streamlit loads a component's script for the first time it may be given new data, and then
// either call can come first: of 400 pairs that were begun within 5 ms, 57 to 84 came the wrong way
// round. What is older than what is drawn is not drawn.
function late(parent, [server, n]) {
  const root = parent.querySelector("#root");
  if (root.server === server && n < root.n) return true;
  Object.assign(root, { server, n });
  return false;
}

// Streamlit calls a component again at every run of the page; only new data is drawn, so that
// focus and scroll positions stay.
function fresh(parent, data) {
  const root = parent.querySelector("#root"), drawn = JSON.stringify(data);
  if (root.drawn === drawn) return null;
  root.drawn = drawn;
  return root;
}

// Focus, and where it stands in a text, outlive drawing anew.
function remember(root) {
  const at = root.getRootNode().activeElement;
  root.focused = at?.dataset?.key ? [at.dataset.key, at.selectionStart ?? null] : null;
}
function restore(root) {
  const [key, caret] = root.focused ?? [""];
  const at = root.querySelector(`[data-key="${CSS.escape(key)}"]`);
  at?.focus({ preventScroll: true });
  if (at?.type === "text" && caret !== null) at.setSelectionRange(caret, caret);
  return at;
}
