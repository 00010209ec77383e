import { type Node } from './graph.js';

/**
 * Puts the modules into an order in which those that tick a channel come before those that read it. Where modules read each
 * other's ticks in a circle this cannot hold for all of them: there a tick reaches its reader one cycle later.
 */
export function orderModules(nodes: readonly Node[]): Node[] {
  const ordered: Node[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const channel of node.reads) {
      for (const writer of nodes) if (writer.writes.has(channel)) visit(writer);
    }
    ordered.push(node);
  };
  for (const node of nodes) visit(node);
  return ordered;
}
