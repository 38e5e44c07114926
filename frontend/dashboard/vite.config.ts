import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const WAYBILL = process.env.WAYBILL ?? 'http://127.0.0.1:8000' // for `npm run dev`

export default defineConfig({
  base: './', // the page is <prefix>/ and its files are <prefix>/assets/, whatever the prefix is
  plugins: [react()],
  html: { cspNonce: 'NONCE-OF-THE-ANSWER' }, // replaced by the server, in each answer
  server: { proxy: { '/graphql': { target: WAYBILL, ws: true }, '/files': WAYBILL, '/results': WAYBILL, '/bundles': WAYBILL } },
  build: {
    outDir: '../../web/assets/dashboard',
    emptyOutDir: true,
    target: 'es2023',
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'], // they know light-dark()
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    license: { fileName: 'LICENSES.md' },
  },
})
