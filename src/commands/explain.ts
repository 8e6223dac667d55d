// `scx-check explain`: all about a rule, a check of dumps, a counter, or a message of the kernel.
import { UsageError } from '../errors.ts';
import { aboutTopic, type ExplainDocument, nearTopics } from '../explain/topic.ts';
import { EXIT } from '../findings/verdict.ts';
import { OutputFile } from '../output/output-file.ts';
import { findRule } from '../rules/index.ts';
import type { CommandContext } from './context.ts';
import { kernelOption } from './options.ts';

export interface ExplainCommandOptions {
  readonly kernel?: string;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
}

export async function explainCommand(
  what: string,
  options: ExplainCommandOptions,
  context: CommandContext,
): Promise<number> {
  const release = options.kernel === undefined ? undefined : kernelOption(options.kernel).release;
  const topic = aboutTopic(what, release);
  if (topic === undefined) throw new UsageError(unknownText(what));
  const output = new OutputFile(options.output);
  output.write(await render(topic, options, context));
  output.close();
  return EXIT.ok;
}

async function render(
  topic: ExplainDocument,
  options: ExplainCommandOptions,
  context: CommandContext,
): Promise<string> {
  const rule = topic.kind === 'rule' ? findRule(topic.id) : undefined;
  const example = rule === undefined ? undefined : await (await import('./rule-example.ts')).exampleOf(rule);
  if (options.format === 'json') {
    const document = rule === undefined ? topic : { ...topic, example: example ?? null };
    return `${JSON.stringify(document, null, 1)}\n`;
  }
  const { makeStyle } = await import('../report/style.ts');
  const { renderExample, renderTopic } = await import('../report/explain-terminal.ts');
  const isTerminal = options.output === undefined && context.stdout.isTTY;
  const style = await makeStyle({ isTerminal, env: context.env });
  return `${renderTopic(topic, style)}${example === undefined ? '' : renderExample(example, style)}`;
}

function unknownText(what: string): string {
  const short = what.length > 120 ? `${what.slice(0, 117)}...` : what;
  const near = nearTopics(what);
  const words =
    near.length === 0
      ? 'scx-check rules lists the rules; a message is best given as the kernel printed it, in quotes'
      : `similar: ${near.join('; ')}`;
  return `${JSON.stringify(short)} is no rule, no check of dumps, no counter, and no message of the kernel that is known; ${words}`;
}
