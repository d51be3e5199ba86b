// Bundles the browser code: `node build.mjs OUT_DIR`. Run by app/web/build.py, which cleans OUT_DIR.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const outdir = process.argv[2];

// bpmn-js and diagram-js build their chrome from strings with style attributes, which our
// Content-Security-Policy forbids. The same strings pass through domify, so it is wrapped.
const styleAttributes = {
  name: 'style-attributes',
  setup(bundle) {
    bundle.onResolve({ filter: /^domify$/ }, (args) =>
      args.pluginData === 'original' ? undefined : { path: join(here, 'domify.js') });
    bundle.onResolve({ filter: /^original-domify$/ }, (args) =>
      bundle.resolve('domify', { kind: args.kind, resolveDir: args.resolveDir, pluginData: 'original' }));
  },
};

// CodeMirror, in which dmn-js edits cells, writes a <style> that the policy forbids; a constructed
// sheet says the same and is allowed. The build stops where the library is no longer as we know it.
const constructedSheets = {
  name: 'constructed-sheets',
  setup(bundle) {
    bundle.onLoad({ filter: /style-mod\/src\/style-mod\.js$/ }, (args) => {
      const source = readFileSync(args.path, 'utf8');
      const contents = source.replace('!root.head && root.adoptedStyleSheets', 'root.adoptedStyleSheets');
      if (contents === source) throw new Error('style-mod has changed: look at constructedSheets');
      return { contents, loader: 'js' };
    });
  },
};

// What bpmn-js shows of a name it asks of labels.js, which knows the reader's language. The build
// stops where one of those that show names has gone.
const SHOWING = ['draw/BpmnRenderer', 'import/BpmnImporter', 'features/label-editing/LabelEditingProvider'];
const shownNames = {
  name: 'shown-names',
  setup(bundle) {
    const asked = new Set();
    bundle.onResolve({ filter: /util\/LabelUtil$/ }, ({ importer }) => {
      const one = SHOWING.find((name) => importer.endsWith(`bpmn-js/lib/${name}.js`));
      if (!one) return undefined;
      asked.add(one);
      return { path: join(here, 'labels.js') };
    });
    bundle.onLoad({ filter: /bpmn-js\/lib\/draw\/BpmnRenderer\.js$/ }, (args) => {
      const source = readFileSync(args.path, 'utf8');
      const parts = source.split(/\bsemantic(?:\.name\b|\.get\('name'\))/); // of tasks, lanes and pools
      if (parts.length !== 4) throw new Error('BpmnRenderer has changed: look at shownNames');
      return { contents: parts.join('getLabel(element)'), loader: 'js' };
    });
    bundle.onEnd(() => {
      const gone = SHOWING.filter((one) => !asked.has(one));
      if (gone.length) throw new Error(`bpmn-js has changed: look at shownNames (${gone})`);
    });
  },
};

const result = await build({
  absWorkingDir: here,
  entryPoints: ['page.js', 'viewer.js', 'replay.js', 'mapping.js', 'modeler.js', 'dmn.js'],
  outdir,
  bundle: true,
  format: 'esm',
  splitting: true,
  minify: true,
  metafile: true,
  target: 'chrome89',
  legalComments: 'linked',
  entryNames: '[name]-[hash]',
  chunkNames: 'part-[hash]',
  // Of the icons' font, woff2 is what every browser we serve reads.
  loader: { '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty', '.eot': 'empty', '.svg': 'empty' },
  assetNames: '[name]-[hash]',
  plugins: [styleAttributes, constructedSheets, shownNames],
  logLevel: 'warning',
});

// manifest.json: the stable name of an entry ("page.js") and the hashed file it became.
const manifest = {};
for (const [file, output] of Object.entries(result.metafile.outputs)) {
  if (!output.entryPoint) continue;
  manifest[basename(output.entryPoint)] = basename(file);
  if (output.cssBundle) {
    manifest[basename(output.entryPoint).replace(/\.js$/, '.css')] = basename(output.cssBundle);
  }
}
writeFileSync(join(outdir, 'manifest.json'), JSON.stringify(manifest, null, 1) + '\n');
