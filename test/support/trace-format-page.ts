// The page about the canonical trace in Markdown: the tables follow from the vocabulary and the schema of the header.
import { headerSchema } from '../../src/trace/header-schema.ts';
import { FIELDS, type FieldKind, type FieldName } from '../../src/trace/vocabulary/fields.ts';
import { EVENT_GROUPS } from '../../src/trace/vocabulary/index.ts';
import type { EventSpec } from '../../src/trace/vocabulary/spec.ts';

const KINDS: Readonly<Record<FieldKind, string>> = {
  int: 'integer, signed 32 bit',
  uint: 'integer, unsigned 32 bit',
  bool: '`true` or `false`',
  u64: 'unsigned 64 bit: a number, or decimal or `0x` text',
  s64: 'signed 64 bit: a number, or decimal or `0x` text',
  hex: 'unsigned 64 bit, written as `0x` text',
  id: 'unsigned 64 bit; written in decimal while it is small',
  dsq: 'DSQ id: `local`, `local_on:3`, `global`, `bypass`, … or a number',
  cpus: 'cpulist such as `0-3,8`, or a hexadecimal mask such as `0x10f`',
  str: 'text',
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function eventTable(events: Readonly<Record<string, EventSpec>>): string {
  const rows = Object.entries(events).map(([type, { doc, required, optional, steps }]) => {
    const moments = steps === undefined ? '' : ` Steps: ${code(steps)}.`;
    return `| \`${type}\` | ${cell(doc + moments)} | ${code(required)} | ${code(optional)} |`;
  });
  return ['| type | what happened | fields it must have | fields it may have |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}

export function renderTraceFormatPage(): string {
  const keys = Object.entries(headerSchema.shape).map(
    ([key, schema]) => `| \`${key}\` | ${cell(schema.description ?? '')} |`,
  );
  const groups = Object.entries(EVENT_GROUPS).map(([group, events]) => `### ${group}\n\n${eventTable(events)}`);
  const kinds = Object.entries(KINDS).map(([kind, text]) => `| ${kind} | ${text} |`);
  const fields = (Object.keys(FIELDS) as FieldName[]).map(
    (field) => `| \`${field}\` | ${FIELDS[field].kind} | ${cell(FIELDS[field].doc)} |`,
  );
  return `# The canonical trace

Generated from \`src/trace\`; change it there, then run \`npm run docs\`.

A trace is a header and a stream of events in the order of time. It has three spellings with the same content; \`scx-check
convert\` turns each into each without loss, and \`scx-check schema\` prints the JSON Schema.

\`\`\`json
{
  "format": "scx-trace@1",
  "kernel": "7.3",
  "cpus": { "possible": "0-1", "online": "0-1" },
  "events": [
    { "ts": 1000, "cpu": 0, "type": "wakeup", "pid": 7, "target": 1 },
    { "ts": 1500, "cpu": 1, "type": "switch", "prev": 0, "next": 7 }
  ]
}
\`\`\`

- \`.json\`: one document, the header with \`events\`. It is read element by element, so that its size is no limit.
- \`.jsonl\`: the header on the first line, then one event a line.
- \`.csv\`: the header as JSON behind \`#\` on the first lines, a row of column names (\`ts\`, \`cpu\`, \`type\`, then fields), then one
  event a row. An empty cell is an absent field, a quoted empty cell an empty text.

Every event has \`ts\` (ns of the trace's clock, an integer), \`cpu\` (the CPU that executed) and \`type\`. An absent field says nothing;
it is never the same as 0. Events must be sorted by \`ts\`; those with equal times happen in the order in which they stand. Unknown
types, unknown fields and fields that the type does not have are errors, and so is a key that comes twice.

*Asked* and *happened* are different events: \`insert\` is what the scheduler asked for, \`dispatch\` and \`dsq_link\` are what the core
then did.

## Values

| kind | spelling |
|---|---|
${kinds.join('\n')}

JSON numbers beyond 2^53 are read exactly; other programs may not manage that, so they are written as text.

## Header

Only \`format\` is required. What a recording does not say stays unknown, and rules that need it are not evaluated: above all
\`recorded\`, without which the absence of an event proves nothing.

| key | meaning |
|---|---|
${keys.join('\n')}

## Events

${groups.join('\n\n')}

## Fields

| field | kind | meaning |
|---|---|---|
${fields.join('\n')}
`;
}
