// Parses Prometheus text into rows: name, help, labels, value. A histogram is reduced to its count and sum.

const FAMILY = /^# HELP (\S+) (.*)$/;
const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;

function row_of(families, name, labels, value) {
  const histogram = /^(.*)_(bucket|sum|count)$/.exec(name);
  const family = families.get(name) || (histogram && families.get(histogram[1]));
  if (!family) return;
  const kind = families.has(name) ? null : histogram[2];
  if (kind === 'bucket') return;
  const row = family.rows.get(labels) || { labels };
  row[kind || 'value'] = Number(value);
  family.rows.set(labels, row);
}

export function pick(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    const help = FAMILY.exec(line);
    const sample = SAMPLE.exec(line);
    if (help) families.set(help[1], { name: help[1], help: help[2], rows: new Map() });
    else if (sample) row_of(families, sample[1], (sample[2] || '').replaceAll('"', ''), sample[3]);
  }
  return [...families.values()].map((family) => ({ ...family, rows: [...family.rows.values()] }));
}
