// `scx-check bisect run`: searches the commits between good and bad; each step builds, runs, records, replays and judges.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Outcome, type RunRecord, type SearchReport, search } from '../bisect/drive.ts';
import { Git } from '../bisect/git.ts';
import type { History } from '../bisect/history.ts';
import { expectedName, judge, parseExpected, parseRequirement } from '../bisect/judge.ts';
import { fewestRuns } from '../bisect/noisy-search.ts';
import { explained, InputError, UsageError } from '../errors.ts';
import { BISECT_SCHEMA, type SearchDocument } from '../findings/bisect-report.ts';
import { EXIT } from '../findings/verdict.ts';
import { OutputFile } from '../output/output-file.ts';
import { bisectRules, replayForBisect } from './bisect-replay.ts';
import type { CommandContext } from './context.ts';
import { countOption, kernelOption, shareOption } from './options.ts';
import { renderBisect } from './render.ts';

export interface BisectRunOptions {
  readonly good: readonly string[];
  readonly bad: string;
  readonly record: string;
  readonly expect: string;
  readonly require?: readonly string[];
  readonly rate?: string;
  readonly confidence: string;
  readonly maxRuns: string;
  readonly learnRuns: string;
  readonly trace?: string;
  readonly skip?: string;
  readonly kernel?: string;
  readonly keep?: string;
  readonly resume?: boolean;
  readonly restart?: boolean;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly verbose?: boolean;
}

/** A line of the log of an unfinished search. */
interface LoggedRun extends Outcome {
  readonly commit: string;
}

export async function bisectRunCommand(options: BisectRunOptions, context: CommandContext): Promise<number> {
  const expected = parseExpected(options.expect);
  const requirements = (options.require ?? []).map(parseRequirement);
  const rate = options.rate === undefined ? undefined : shareOption('--rate', options.rate);
  const confidence = shareOption('--confidence', options.confidence);
  if (confidence >= 1) throw new UsageError('--confidence: nothing that runs show is certain; expected less than 1');
  const limits = {
    maxRuns: countOption('--max-runs', options.maxRuns),
    learnRuns: countOption('--learn-runs', options.learnRuns),
  };
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const rules = bisectRules(options.skip, expected.rule);
  const git = new Git(process.cwd());
  const good = options.good.map((name) => git.resolve(name, '--good'));
  const bad = git.resolve(options.bad, '--bad');
  const history = git.history(good, bad);
  const state = new State(git, history, options, { good, bad });
  const tree = join(state.folder, 'tree');
  let at = '';

  const run = async (index: number, number: number): Promise<Outcome> => {
    const { hash = '' } = history.commits[index] ?? {};
    const say = (outcome: Outcome): Outcome => {
      context.stderr.write(`scx-check: run ${number + 1}, ${hash.slice(0, 12)}: ${outcome.kind}: ${outcome.reason}\n`);
      state.log({ commit: hash, ...outcome });
      return outcome;
    };
    if (at !== hash) git.checkout(tree, hash);
    at = hash;
    const trace = options.trace === undefined ? join(state.runFolder(), 'trace.dat') : join(tree, options.trace);
    rmSync(trace, { force: true });
    const failure = record(options.record, { tree, trace, hash, number, top: git.top });
    if (!existsSync(trace)) {
      if (failure === undefined)
        throw new UsageError(`--record: the command ended without error and wrote no trace to ${trace}`);
      return say(failure);
    }
    if (options.keep !== undefined) {
      mkdirSync(options.keep, { recursive: true });
      cpSync(trace, join(options.keep, `${hash.slice(0, 12)}.${number + 1}${extname(trace)}`));
    }
    try {
      return say(judge(await replayForBisect(trace, { kernel, rules }), expected, requirements));
    } catch (error) {
      const cause = await explained(error);
      if (!(cause instanceof InputError)) throw cause;
      return say({ kind: 'skip', reason: cause.describe() });
    }
  };

  const report = await search(history, { confidence, rate, ...limits }, run, state.earlier);
  git.removeTree(tree);
  state.forget();
  const document = documentOf(report, history, { confidence, rate, expect: expectedName(expected), good, bad });
  const output = new OutputFile(options.output);
  output.write(await renderBisect(document, options, context));
  output.close();
  return document.exit_code;
}

interface RecordPlace {
  readonly tree: string;
  readonly trace: string;
  readonly hash: string;
  readonly number: number;
  readonly top: string;
}

/**
 * Runs the command once. Undefined: it ended without error. Exit code 125 means as for git that the commit cannot be tested;
 * from 126 on the command itself is at fault.
 */
function record(command: string, { tree, trace, hash, number, top }: RecordPlace): Outcome | undefined {
  const text = command.replaceAll('{trace}', trace);
  const { status, signal, error } = spawnSync('/bin/sh', ['-c', text], {
    cwd: tree,
    // What the command prints is no result.
    stdio: ['ignore', 2, 2],
    env: {
      ...process.env,
      SCX_CHECK_TRACE: trace,
      SCX_CHECK_COMMIT: hash,
      SCX_CHECK_RUN: String(number + 1),
      SCX_CHECK_TOP: top,
    },
  });
  if (error !== undefined) throw new UsageError(`--record: ${error.message}`);
  if (status === null || status >= 126) {
    const how = status === null ? `was ended by ${signal}` : `ended with exit code ${status}`;
    throw new UsageError(`--record: the command ${how} at ${hash.slice(0, 12)}; --resume goes on from here`);
  }
  if (status === 0) return undefined;
  if (status === 125) rmSync(trace, { force: true });
  return {
    kind: 'skip',
    reason: `the command ended with exit code ${status} and no trace`,
    ...(status === 125 ? { lasting: true } : {}),
  };
}

/** What an interrupted search leaves behind, below the git directory. */
class State {
  readonly folder: string;
  readonly earlier: readonly RunRecord[];
  readonly #file: string;

  constructor(git: Git, history: History, options: BisectRunOptions, { good, bad }: { good: string[]; bad: string }) {
    this.folder = join(git.directory, 'scx-check-bisect');
    this.#file = join(this.folder, 'log.jsonl');
    const {
      record: command,
      expect,
      require: requirements = [],
      rate = null,
      confidence,
      kernel = null,
      skip = '',
    } = options;
    const question = JSON.stringify({ good, bad, command, expect, requirements, rate, confidence, kernel, skip });
    if (options.restart === true) this.forget();
    const exists = statSync(this.#file, { throwIfNoEntry: false }) !== undefined;
    if (options.resume !== true) {
      if (exists)
        throw new UsageError(
          'a search of this repository was interrupted; --resume goes on with it, --restart forgets it',
        );
      this.earlier = [];
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(this.#file, `${question}\n`);
      return;
    }
    if (!exists) throw new UsageError('--resume: no search was interrupted here');
    const [asked, ...lines] = readFileSync(this.#file, 'utf8').split('\n');
    if (asked !== question)
      throw new UsageError(`--resume: the interrupted search asked something else: ${asked}; --restart forgets it`);
    const index = new Map(history.commits.map(({ hash }, i) => [hash, i]));
    // The last line may be torn: the run is made again.
    this.earlier = lines.slice(0, -1).map((line) => {
      const { commit, ...outcome } = JSON.parse(line) as LoggedRun;
      return { index: index.get(commit) ?? -1, ...outcome };
    });
    if (lines.at(-1) !== '') writeFileSync(this.#file, `${[asked, ...lines.slice(0, -1)].join('\n')}\n`);
  }

  /** An empty folder for the recording of one run. */
  runFolder(): string {
    const folder = join(this.folder, 'run');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  log(run: LoggedRun): void {
    appendFileSync(this.#file, `${JSON.stringify(run)}\n`);
  }

  forget(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Asked {
  readonly confidence: number;
  readonly rate: number | undefined;
  readonly expect: string;
  readonly good: readonly string[];
  readonly bad: string;
}

function documentOf(report: SearchReport, history: History, asked: Asked): SearchDocument {
  const commit = (index: number): { hash: string; subject: string } => {
    const { hash = '', subject = '' } = history.commits[index] ?? {};
    return { hash, subject };
  };
  const [first] = report.suspects;
  const found = report.end === 'found' && first !== undefined;
  const skips = report.runs.filter(({ kind }) => kind === 'skip');
  const known = new Map<number, 'good' | 'bad' | 'skip'>();
  for (const { index, kind } of report.runs) {
    if (kind === 'hit') known.set(index, 'bad');
    else if (kind === 'skip' && !known.has(index)) known.set(index, 'skip');
    else if (kind === 'miss' && known.get(index) !== 'bad' && found && !history.contains(index, first.index))
      known.set(index, 'good');
  }
  return {
    schema: BISECT_SCHEMA,
    mode: 'run',
    expect: asked.expect,
    end: report.end,
    culprit: found ? commit(first.index) : null,
    suspects: report.suspects.map(({ index, probability }) => ({ ...commit(index), probability })),
    confidence: asked.confidence,
    error: report.error,
    rate: report.rate,
    rate_given: asked.rate !== undefined,
    commits: history.length,
    fewest_runs: fewestRuns(history.length, report.rate, 1 - asked.confidence),
    runs: report.runs.map(({ index, kind, reason }) => ({ commit: commit(index).hash, outcome: kind, reason })),
    skipped: [...new Set(skips.map(({ index }) => index))].map((index) => ({
      ...commit(index),
      reason: skips.findLast((skip) => skip.index === index)?.reason ?? '',
    })),
    git_bisect_log: [
      `git bisect start ${[asked.bad, ...asked.good].map((hash) => `'${hash}'`).join(' ')}`,
      ...[...known].map(([index, word]) => `git bisect ${word} ${commit(index).hash}`),
    ],
    exit_code: found ? EXIT.ok : EXIT.noVerdict,
  };
}
