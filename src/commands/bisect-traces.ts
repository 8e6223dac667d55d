// `scx-check bisect traces`, and `trace`: bisections for which nothing is built: of recordings by commit, and inside one trace.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from '../bisect/drive.ts';
import { Git } from '../bisect/git.ts';
import { expectedName, judge, parseExpected, parseRequirement } from '../bisect/judge.ts';
import { pointOfNoReturn } from '../bisect/point-of-no-return.ts';
import { changesOf, type SeriesItem, seriesEntry } from '../bisect/series.ts';
import { explained, InputError, UsageError } from '../errors.ts';
import {
  BISECT_SCHEMA,
  type BisectDocument,
  type PrefixDocument,
  type PrefixEvent,
  type SeriesDocument,
} from '../findings/bisect-report.ts';
import { EXIT } from '../findings/verdict.ts';
import { stemOf } from '../gate/discover.ts';
import { openInput } from '../input/open.ts';
import { EventStore } from '../minimize/event-store.ts';
import { Probe } from '../minimize/probe.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { collectEvidence } from '../replay/evidence.ts';
import { loadDomain } from '../vtime/load-domain.ts';
import { overVariants } from './bisect-over.ts';
import { type BisectReplayOptions, bisectRules, replayForBisect } from './bisect-replay.ts';
import type { CommandContext } from './context.ts';
import { ruleOption } from './minimize.ts';
import { kernelOption, numberOption, shareOption } from './options.ts';
import { renderBisect } from './render.ts';

interface Printing {
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly verbose?: boolean;
}

export interface BisectTracesOptions extends Printing {
  readonly expect: string;
  readonly require?: readonly string[];
  readonly list?: string;
  readonly rate?: string;
  readonly skip?: string;
  readonly kernel?: string;
}

export async function bisectTracesCommand(
  folder: string,
  options: BisectTracesOptions,
  context: CommandContext,
): Promise<number> {
  const expected = parseExpected(options.expect);
  const requirements = (options.require ?? []).map(parseRequirement);
  const rate = options.rate === undefined ? undefined : shareOption('--rate', options.rate);
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const rules = bisectRules(options.skip, expected.rule);
  const recordings = options.list === undefined ? found(folder) : listed(options.list, folder);
  if (recordings.size === 0) throw new UsageError(`${folder}: there are no recordings`);
  const named = options.list === undefined ? inOrder(recordings) : [...recordings.keys()].map(plainName);
  const entries = [];
  for (const { label, subject, key } of named) {
    const outcomes: SeriesItem['outcomes'][number][] = [];
    for (const recording of recordings.get(key) ?? [])
      outcomes.push({ recording, ...(await outcomeOf(recording, { kernel, rules }, expected, requirements)) });
    entries.push(seriesEntry({ label, subject, outcomes }, rate));
  }
  return print(seriesDocument('traces', 'recordings', expectedName(expected), entries), options, context);
}

interface Named {
  readonly key: string;
  readonly label: string;
  readonly subject: string | null;
}

const plainName = (key: string): Named => ({ key, label: key, subject: null });

/** `COMMIT.EXT`, `COMMIT.N.EXT`, and folders `COMMIT` with a `trace.dat`. */
function found(folder: string): ReadonlyMap<string, readonly string[]> {
  const recordings = new Map<string, string[]>();
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new InputError(
      { code: 'not-readable', path: folder, expected: 'a folder of recordings' },
      'there is no such folder',
    );
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => natural(a.name, b.name))) {
    const path = join(folder, entry.name);
    const inside = join(path, 'trace.dat');
    const isFolder = entry.isDirectory() && statSync(inside, { throwIfNoEntry: false }) !== undefined;
    const stem = stemOf(entry.name);
    if (!isFolder && (entry.isDirectory() || stem === entry.name || entry.name.endsWith('.expect.json'))) continue;
    const key = (isFolder ? entry.name : stem).replace(/\.\d+$/, '');
    recordings.set(key, [...(recordings.get(key) ?? []), isFolder ? inside : path]);
  }
  return recordings;
}

/** Lines `COMMIT FILE`; a commit may have several. Paths are relative to the folder. */
function listed(list: string, folder: string): ReadonlyMap<string, readonly string[]> {
  const recordings = new Map<string, string[]>();
  for (const [i, line] of readFileSync(list, 'utf8').split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, key, file] = /^(\S+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (key === undefined || file === undefined)
      throw new UsageError(`${list}: line ${i + 1}: expected COMMIT FILE, found ${JSON.stringify(line)}`);
    recordings.set(key, [...(recordings.get(key) ?? []), join(folder, file)]);
  }
  return recordings;
}

/** By history where all names are commits of the repository that this is called in, else by name. */
function inOrder(recordings: ReadonlyMap<string, readonly string[]>): Named[] {
  const keys = [...recordings.keys()];
  let git: Git | undefined;
  try {
    git = new Git(process.cwd());
  } catch {
    return keys.map(plainName);
  }
  const hashes = new Map(
    keys.flatMap((key) => {
      const hash = /^[0-9a-f]{7,64}$/.test(key) ? git.find(key) : undefined;
      return hash === undefined ? [] : [[hash, key] as const];
    }),
  );
  if (hashes.size < keys.length) return keys.map(plainName);
  return git.sorted([...hashes.keys()]).map((hash) => ({
    key: hashes.get(hash) ?? '',
    label: hash.slice(0, 12),
    subject: git.run(['log', '-1', '--format=%s', hash]),
  }));
}

/** `v2` comes before `v10`. */
function natural(a: string, b: string): number {
  const padded = (text: string): string => text.replaceAll(/\d+/g, (digits) => digits.padStart(12, '0'));
  return padded(a) < padded(b) ? -1 : 1;
}

async function outcomeOf(
  path: string,
  options: BisectReplayOptions,
  expected: ReturnType<typeof parseExpected>,
  requirements: readonly ReturnType<typeof parseRequirement>[],
): Promise<Outcome> {
  try {
    return judge(await replayForBisect(path, options), expected, requirements);
  } catch (error) {
    const cause = await explained(error);
    if (!(cause instanceof InputError)) throw cause;
    return { kind: 'skip', reason: cause.describe() };
  }
}

function seriesDocument(
  mode: 'traces' | 'over',
  over: string,
  expect: string,
  entries: SeriesDocument['entries'],
): SeriesDocument {
  const changes = changesOf(entries);
  return {
    schema: BISECT_SCHEMA,
    mode,
    expect,
    over,
    entries,
    changes,
    monotone: changes.length <= 1,
    exit_code: changes.length > 0 ? EXIT.ok : EXIT.noVerdict,
  };
}

export interface BisectTraceOptions extends Printing {
  readonly rule: string;
  readonly over?: string;
  readonly pid?: string;
  readonly kernel?: string;
  readonly snapshot?: string;
}

export async function bisectTraceCommand(
  path: string,
  options: BisectTraceOptions,
  context: CommandContext,
): Promise<number> {
  const rule = ruleOption(options.rule);
  const pid = options.pid === undefined ? undefined : numberOption('--pid', options.pid);
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const { snapshot, over } = options;
  if (over !== undefined) {
    const expected = { rule: rule.id, subject: pid === undefined ? undefined : `pid:${pid}` };
    const entries = await overVariants(path, over, expected, { kernel, snapshot });
    return print(seriesDocument('over', over, expectedName(expected), entries), options, context);
  }
  const source = await openInput(path);
  try {
    const trace = await openTrace(source, snapshot === undefined ? {} : { snapshot });
    const store = EventStore.of(trace);
    const domain = await loadDomain(trace.header.domain);
    const probe = new Probe(store, { rule, kernel, domain });
    const target = probe.findTarget(trace.header, { pid });
    if (target === undefined)
      throw new InputError({ code: 'no-finding', path }, `no violation of ${rule.id} whose cause could be searched`);
    const { decided, reported } = pointOfNoReturn(probe, store, trace.header, target);
    const places = prefixEvents(trace, [decided, reported], (pid) => (pid === target.pid ? target.comm : ''));
    const at = places.get(reported);
    if (at === undefined) throw new Error(`event ${reported} has gone`);
    const document: PrefixDocument = {
      schema: BISECT_SCHEMA,
      mode: 'trace',
      path,
      rule: rule.id,
      message: target.message,
      reported: at,
      decided: places.get(decided) ?? null,
      events_between: Math.max(0, reported - decided - 1),
      ns_between: store.timeOf(reported) - store.timeOf(Math.max(0, decided)),
      replays: probe.replays,
      exit_code: EXIT.ok,
    };
    return await print(document, options, context);
  } catch (error) {
    throw await explained(error);
  } finally {
    source.close();
  }
}

function prefixEvents(
  trace: OpenTrace,
  seqs: readonly number[],
  name: (pid: number) => string,
): ReadonlyMap<number, PrefixEvent> {
  const wanted = new Set(seqs.filter((seq) => seq >= 0));
  const evidence = collectEvidence(trace, wanted, (pid) => {
    const comm = name(pid);
    return comm === '' ? `pid ${pid}` : `${comm}[${pid}]`;
  });
  return new Map([...evidence].map(([seq, { ts, position, text }]) => [seq, { seq, ts, position, text }]));
}

async function print(document: BisectDocument, options: Printing, context: CommandContext): Promise<number> {
  const output = new OutputFile(options.output);
  output.write(await renderBisect(document, options, context));
  output.close();
  return document.exit_code;
}
