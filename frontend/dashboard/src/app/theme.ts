/** Colours and shapes: those of Mantine, with what it takes to be read by everybody. */
import { createTheme, type CSSVariablesResolver } from '@mantine/core'

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 8, dark: 7 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  colors: {
    dark: ['#d3d6dc', '#b0b5be', '#9298a3', '#60656f', '#3a3f48', '#30343c', '#262a31', '#1d2026', '#15171c', '#101216'],
  },
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '650' },
})

/** Mantine's own shades of secondary text and of words on tinted ground are too faint for WCAG AA. */
export const cssVariables: CSSVariablesResolver = ({ colors }) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-placeholder': colors.gray[6],
    '--mantine-color-green-light-color': '#1d5c2b',
    '--mantine-color-yellow-light-color': '#704200',
    '--mantine-color-orange-light-color': '#85360a',
    '--mantine-color-red-light-color': '#9c1c1c',
    '--mantine-color-gray-light-color': colors.gray[8],
  },
  dark: {
    '--mantine-color-dimmed': colors.dark[1],
    '--mantine-color-placeholder': colors.dark[2],
    '--mantine-color-gray-light': colors.dark[4],
  },
})
