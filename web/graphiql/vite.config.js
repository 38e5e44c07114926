import { defineConfig } from 'vite';

// A dependency changed under us: better no build than a page that lost a feature.
function replaceOnce(code, before, after) {
  if (code.split(before).length !== 2) throw new Error(`Expected exactly once: ${before}`);
  return code.replace(before, () => after);
}

// GraphiQL names a tab after its operation; here a first line `# 2 Watch` names it.
const TITLE = "const titleOf = query => /^# (\\d \\S.{0,24})$/m.exec(query?.split('\\n', 1)[0])?.[1];\n";

// The parts of Monaco that four small boxes of GraphQL and JSON never show.
const UNUSED_IN_MONACO = [
  ...['anchorSelect', 'codeAction', 'codelens', 'colorPicker', 'diffEditorBreadcrumbs', 'dnd', 'documentSymbols'],
  ...['dropOrPasteInto', 'format', 'inPlaceReplace', 'inlayHints', 'inlineCompletions', 'inlineEdit', 'inlineEdits'],
  ...['inlineProgress', 'linkedEditing', 'placeholderText', 'rename', 'sectionHeaders', 'semanticTokens', 'stickyScroll'],
  ...['unicodeHighlighter', 'unusualLineTerminators'],
].map(name => new RegExp(`^import '\\./contrib/${name}/.*\\n`, 'gm'))
  .concat(
    /^import '\.\/browser\/widget\/diffEditor\/.*\n/gm,
    /^import '\.\/contrib\/suggest\/browser\/suggestInlineCompletions\.js';\n/gm,
    /^import '\.\/standalone\/(?!browser\/(iPadShowKeyboard|quickAccess\/standaloneCommands)).*\n/gm,
  );

// Exported by Monaco's interface, used by nobody here, and 350 KB with what they draw in.
const UNUSED_WIDGETS = { 'diffEditorWidget.js': 'DiffEditorWidget', 'multiDiffEditorWidget.js': 'MultiDiffEditorWidget' };

const adaptGraphiQL = {
  name: 'adapt-graphiql',
  enforce: 'pre',
  transform(code, id) {
    const widget = id.includes('/monaco-editor/') && UNUSED_WIDGETS[id.split('/').at(-1)];
    if (widget) return `export class ${widget} {}`;
    if (id.endsWith('@graphiql/react/dist/utility/tabs.js')) {
      const named = replaceOnce(code, 'title: operationName || DEFAULT_TITLE,\n\t\tquery,', 'title: titleOf(query) || operationName || DEFAULT_TITLE,\n\t\tquery,');
      return TITLE + replaceOnce(named, 'title: newTab.operationName ||', 'title: titleOf(newTab.query) || newTab.operationName ||');
    }
    // 600 KB of JavaScript parser and printer would only format two JSON boxes.
    if (id.endsWith('@graphiql/react/dist/utility/jsonc.js')) {
      const start = code.indexOf('async function formatJSONC');
      const end = code.indexOf('var formatter');
      if (start < 0 || end < start) throw new Error('formatJSONC has moved');
      return `import { applyEdits, format } from 'jsonc-parser';\n${code.slice(0, start)}
        const formatJSONC = async text => applyEdits(text, format(text, undefined, { insertSpaces: true, tabSize: 2 }));
        ${code.slice(end)}`;
    }
    // Prettify formats; Monaco's own command, left out above, was the only caller of this second copy.
    if (id.endsWith('monaco-graphql/esm/GraphQLWorker.js')) {
      const start = code.indexOf('const prettierStandalone = await');
      const end = code.indexOf('_getTextModel(uri) {');
      if (start < 0 || end < start) throw new Error('doFormat has moved');
      return `${code.slice(0, start)} return document;\n}\n${code.slice(end)}`;
    }
    if (/monaco-editor\/esm\/vs\/editor\/(editor\.all|edcore\.main)\.js$/.test(id)) {
      return UNUSED_IN_MONACO.reduce((rest, part) => rest.replace(part, ''), code);
    }
    // The fonts of the reader's own system are there already.
    if (id.endsWith('@graphiql/react/dist/utility/create-editor.js')) {
      const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace';
      return replaceOnce(code, 'fontFamily: "\\"Fira Code\\""', `fontFamily: ${JSON.stringify(mono)}`);
    }
  },
};

export default defineConfig({
  // The page is <prefix>/graphql and its files are <prefix>/graphql/assets/…, whatever the prefix is.
  base: './',
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `./graphql/${file}` : { relative: true }),
  },
  plugins: [adaptGraphiQL],
  resolve: { alias: { 'prettier/parser-graphql': 'prettier/plugins/graphql' } },
  worker: { format: 'es', plugins: () => [adaptGraphiQL] },
  build: {
    outDir: '../assets/graphiql',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: 'LICENSES.md' },
    chunkSizeWarningLimit: 4000,
  },
});
