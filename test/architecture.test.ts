// The way of the data is one direction; this test holds the imports against it, with the reason for each border.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

/** What a folder may import from (itself always). `types:` allows type imports only. */
const ALLOWED: Readonly<Record<string, { readonly from: readonly string[]; readonly because: string }>> = {
  trace: {
    from: ['kernel'],
    because: 'the vocabulary is what everything else speaks; it knows only facts of the kernel',
  },
  kernel: { from: ['trace'], because: 'kernel facts are data, spelled with the number types of the trace' },
  input: { from: ['errors'], because: 'bytes know nothing of traces' },
  output: { from: ['errors'], because: 'text output knows nothing of what is printed' },
  probes: { from: ['trace'], because: 'the catalogue says what recorded events become' },
  recorder: {
    from: ['probes', 'trace', 'errors'],
    because: 'recording programs are made from the catalogue of probes; running them is the business of the command',
  },
  readers: {
    from: ['trace', 'kernel', 'input', 'probes', 'errors'],
    because: 'readers know a file format and nothing of scheduling: no model, no rules',
  },
  writers: { from: ['trace', 'kernel'], because: 'writers spell events' },
  model: { from: ['trace', 'kernel'], because: 'the model holds state and judges nothing: no rules, no files' },
  vtime: {
    from: ['trace', 'kernel', 'model', 'errors'],
    because: 'the vtime engine adds what a description says to the model and tells facts; it judges nothing',
  },
  rules: {
    from: ['trace', 'kernel', 'model', 'vtime'],
    because: 'rules read the model and the event; they know neither files nor each other nor output',
  },
  findings: {
    from: ['trace', 'kernel', 'types:model', 'types:rules', 'types:vtime', 'types:replay'],
    because: 'findings are data about what rules report',
  },
  replay: {
    from: ['trace', 'kernel', 'model', 'vtime', 'findings', 'probes', 'types:rules', 'types:readers', 'errors'],
    because:
      'the engine drives model and rules over events, whatever they were read from; of probes it says what would record what is missing',
  },
  dump: {
    from: ['trace', 'kernel'],
    because: 'a dump is text about the state of the kernel: it needs no trace, no model, no rules',
  },
  explain: {
    from: ['dump', 'kernel', 'probes', 'rules', 'trace'],
    because:
      'an explanation puts together what is known of a message: the site, its rule, what to record; it reads no file',
  },
  diagnosis: {
    from: ['dump', 'explain', 'findings', 'kernel', 'trace', 'types:readers', 'errors'],
    because:
      'a diagnosis makes the result document of a dump; it knows no output, and of formats only that they are read',
  },
  state: {
    from: ['trace', 'kernel', 'model', 'replay', 'errors', 'types:findings', 'types:readers'],
    because: 'views turn the model into plain data at any event; they judge nothing and know no format and no output',
  },
  inspect: {
    from: ['trace', 'kernel', 'replay', 'errors', 'types:readers', 'types:rules'],
    because: 'an inspection counts what a trace holds and asks the rules what they lack; it replays nothing',
  },
  report: {
    from: ['trace', 'findings', 'types:state', 'types:inspect', 'types:diagnosis', 'types:explain'],
    because:
      'reporters are functions of a document and know nothing of the model; of the trace only how values are spelled',
  },
  minimize: {
    from: [
      'findings',
      'input',
      'kernel',
      'readers',
      'replay',
      'types:rules',
      'types:model',
      'trace',
      'vtime',
      'writers',
      'errors',
    ],
    because: 'minimising replays parts of a trace and edits events; it knows neither files nor how a rule judges',
  },
  caps: {
    from: ['trace', 'kernel', 'model', 'findings', 'replay', 'types:readers'],
    because: 'the history of a delegation is collected from a replay; it reads no files and prints nothing',
  },
  bisect: {
    from: ['findings', 'rules', 'types:minimize', 'trace', 'errors'],
    because: 'bisections judge result documents and search histories; they replay nothing themselves',
  },
  gate: {
    from: ['vtime', 'findings', 'input', 'kernel', 'readers', 'replay', 'rules', 'trace', 'errors'],
    because: 'the gate replays traces and compares documents; it knows nothing of the model and prints nothing',
  },
};

const IMPORT = /^(?:import|export)\s+(type\s)?[^;]*?from\s+'(\.{1,2}\/[^']+)'/gms;

interface Edge {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function edges(): Edge[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) =>
      [...readFileSync(join(SRC, file), 'utf8').matchAll(IMPORT)].map(([, type, path = '']) => ({
        file,
        target: relative(SRC, join(SRC, file, '..', path)),
        typeOnly: type !== undefined,
      })),
    );
}

const folderOf = (file: string): string =>
  file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '');

describe('imports follow the way of the data', () => {
  const all = edges();
  test.each(Object.entries(ALLOWED))('%s', (folder, { from, because }) => {
    const breaches = all
      .filter((edge) => folderOf(edge.file) === folder)
      .filter(({ target, typeOnly }) => {
        const other = folderOf(target);
        return other !== folder && !from.includes(other) && !(typeOnly && from.includes(`types:${other}`));
      })
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(breaches, because).toEqual([]);
  });

  test('a rule imports no other rule', () => {
    const breaches = all.filter(
      ({ file, target }) =>
        /^rules\/(?!index)[^/]+\.ts$/.test(file) && /^rules\/(?!rule\.ts|facts\.ts|common\/)/.test(target),
    );
    expect(breaches).toEqual([]);
  });

  test('rules of capability delegation are tables of their own, which know no other rule', () => {
    const breaches = all.filter(
      ({ file, target }) =>
        /^rules\/caps\/(?!index)[^/]+\.ts$/.test(file) && /^rules\/(?!rule\.ts|common\/)/.test(target),
    );
    expect(breaches).toEqual([]);
  });

  test('files are read and written only where that is their purpose', () => {
    const users = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => /from 'node:(fs|fs\/promises)'/.test(readFileSync(join(SRC, file), 'utf8')))
      .filter(
        (file) =>
          !/^(input|output|commands|gate)\//.test(file) &&
          !['main.ts', 'code-cache.ts', 'readers/snapshot.ts'].includes(file),
      );
    expect(users).toEqual([]);
  });
});
