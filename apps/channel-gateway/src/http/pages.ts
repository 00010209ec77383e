/** A text as it may stand in a page. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A plain page. @param body HTML, escaped already */
export function page(title: string, body: string): string {
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<title>${escapeHtml(title)}</title>` +
    '<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}td,th{text-align:left;padding:.2rem 1rem .2rem 0}</style>' +
    `</head><body><h1>${escapeHtml(title)}</h1>${body}</body></html>`
  );
}

/** Who reads and who ticks each channel, as a table. */
export function graphPage(
  graph: Readonly<Record<string, { readonly getters: readonly string[]; readonly setters: readonly string[] }>>,
): string {
  const rows = Object.entries(graph).map(([name, { getters, setters }]) => {
    const cells = [setters.join(', '), name, getters.join(', ')].map((cell) => `<td>${escapeHtml(cell)}</td>`);
    return `<tr>${cells.join('')}</tr>`;
  });
  return page(
    'Channels graph',
    `<table><thead><tr><th>ticked by</th><th>channel</th><th>read by</th></tr></thead><tbody>${rows.join('')}</tbody></table>`,
  );
}
