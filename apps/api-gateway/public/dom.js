/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A new element with text; names of streams only ever become text, never markup. */
export function element(name, { className, text, children = [] } = {}) {
  const node = document.createElement(name);
  if (className !== undefined) node.className = className;
  if (text !== undefined) node.textContent = text;
  node.append(...children);
  return node;
}

/** Sets text only when it changed: an unchanged node costs no layout. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
