// `node build/code-cache.cjs BUNDLE`: run after bundling. Replays small traces, and keeps what was compiled for them as the
// code cache of the program. More traces would make the cache larger, and reading it slower, than they save others.
const { devNull } = require('node:os');
const { join, resolve } = require('node:path');

const TRACES = [
  'bypass-depth/violating.json',
  'dispatch-disallowed-cpu/violating.json',
  'task-on-two-cpus/clean.json',
  'vtime-order/violating.json',
];

const { writeCodeCache } = require(resolve(process.argv[2] ?? 'dist', 'main.cjs'));
writeCodeCache(TRACES.map((trace) => ['replay', join(__dirname, '../fixtures/rules', trace), '-o', devNull]));
