// Bundles the benchmarks and long checks, which are no part of the program.
import { isAbsolute } from 'node:path';
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: {
    speed: 'bench/speed/main.ts',
    large: 'bench/large/main.ts',
    fuzz: 'bench/fuzz/main.ts',
    readers: 'bench/readers/main.ts',
    mutate: 'bench/mutate/main.ts',
    minimize: 'bench/minimize/main.ts',
    bisect: 'bench/bisect/main.ts',
    gate: 'bench/gate/main.ts',
    soundness: 'bench/soundness/main.ts',
    descriptions: 'bench/descriptions/main.ts',
  },
  platform: 'node',
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
  output: { dir: 'bench/dist', format: 'esm', cleanDir: true, chunkFileNames: 'chunks/[name]-[hash].js' },
});
