// `scx-check caps`: shows the hierarchy of schedulers, and who was delegated and held which CPUs when.
import { CapsHistory } from '../caps/history.ts';
import { InputError, UsageError } from '../errors.ts';
import type { CapsDocument } from '../findings/caps-document.ts';
import { EXIT } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { runReplay } from '../replay/run.ts';
import { DEFAULT_WIDTH, listed, MIN_WIDTH } from '../report/caps-chart.ts';
import { RULES } from '../rules/index.ts';
import type { CommandContext } from './context.ts';
import { numberOption } from './options.ts';
import { Progress } from './progress.ts';
import { parseTime } from './time.ts';

export interface CapsOptions {
  readonly at?: string;
  readonly cid?: string;
  readonly format: 'terminal' | 'json';
  readonly width?: string;
  readonly limit?: string;
  readonly snapshot?: string;
  readonly output?: string;
}

/** Entries of each list that are shown unless --limit says otherwise. */
const DEFAULT_LIMIT = 20;

export async function capsCommand(path: string, options: CapsOptions, context: CommandContext): Promise<number> {
  const cid = options.cid === undefined ? undefined : numberOption('--cid', options.cid);
  const width = options.width === undefined ? DEFAULT_WIDTH : numberOption('--width', options.width);
  const limit = options.limit === undefined ? DEFAULT_LIMIT : numberOption('--limit', options.limit);
  if (width < MIN_WIDTH) throw new UsageError(`--width: expected at least ${MIN_WIDTH} columns, found ${width}`);
  if (cid !== undefined && options.at !== undefined) throw new UsageError('--cid and --at exclude each other');
  if (options.at !== undefined) parseTime(options.at);
  const { makeStyle } = await import('../report/style.ts');
  const text = await import('../report/caps-text.ts');
  const isTerminal = options.output === undefined && context.stdout.isTTY;
  const look = { style: await makeStyle({ isTerminal, env: context.env }), width, limit };

  const source = await openInput(path);
  const progress = new Progress(context, path);
  let shown: string;
  let code: number = EXIT.ok;
  try {
    const trace = await openTrace(source, {
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      onProgress: (done) => progress.update(done),
    });
    if (options.at !== undefined) {
      const { stateAt } = await import('../caps/state-at.ts');
      const state = stateAt(trace, path, parseTime(options.at));
      shown = options.format === 'json' ? json(state) : text.renderCapsState(state, look);
    } else {
      const { document, exitCode } = await documentOf(trace, path);
      code = exitCode;
      const part = cid === undefined ? document : restrict(document, cid, path);
      if (options.format === 'json') shown = json(part);
      else shown = cid === undefined ? text.renderCapsOverview(part, look) : text.renderCid(part, cid, look);
    }
  } finally {
    progress.end();
    source.close();
  }
  const output = new OutputFile(options.output);
  output.write(shown);
  output.close();
  return code;
}

async function documentOf(
  trace: OpenTrace,
  path: string,
): Promise<{ readonly document: CapsDocument; readonly exitCode: number }> {
  const { capsDocument } = await import('../caps/document.ts');
  const history = new CapsHistory();
  const result = runReplay(trace, {
    path,
    rules: RULES,
    observe: (event, step, model) => history.observe(event, step, model),
  });
  const { model } = history;
  if (model === undefined) throw new InputError({ code: 'empty', path, expected: 'at least one event' }, 'no events');
  return { document: capsDocument(model, history, result, trace.timeBase), exitCode: result.exit_code };
}

/** What concerns one cid. */
function restrict(document: CapsDocument, cid: number, path: string): CapsDocument {
  const { cids, cpus } = document.layout;
  if (cids !== null && cid >= cids) throw new UsageError(`--cid: ${path} has cids 0 to ${cids - 1}, not ${cid}`);
  const names = (list: string): boolean => [...listed(list)].includes(cid);
  return {
    ...document,
    changes: document.changes.filter((change) => names(change.cids)),
    calls: document.calls.filter((call) => names(call.cids)),
    deeds: document.deeds.filter((deed) => deed.cid === cid),
    findings: document.findings.filter(({ cpu }) => cpu !== null && cpus[cid] === cpu),
  };
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 1)}\n`;
}
