/** What a sheet's item says, as docs/omr.md describes it. */
import type { SheetFragment } from './review.generated'

export type Field = { field: string; value: string; status: string; confidence: number; needsReview: boolean }
export type Point = { x: number; y: number }
type Result = {
  student?: string
  studentName?: string | null
  fields?: Field[]
  /** Of the page, in pixels; `corners` are points on it, clockwise from the top left of the sheet. */
  width?: number
  height?: number
  corners?: [number, number][]
  score?: number | null
  maxScore?: number | null
}

export const resultOf = (sheet: SheetFragment) => (sheet.result ?? {}) as Result

export const pictureOf = (sheet: SheetFragment, name: string) => sheet.files.find(file => file.name === name)?.url ?? null

export const doubtfulIn = (sheet: SheetFragment) => resultOf(sheet).fields?.filter(({ needsReview }) => needsReview) ?? []

/** Where the sheet was found; where it was not, a tenth within the page. */
export function cornersOf(sheet: SheetFragment): Point[] {
  const { width = 0, height = 0, corners } = resultOf(sheet)
  if (corners) return corners.map(([x, y]) => ({ x, y }))
  const [left, right, top, bottom] = [width * 0.1, width * 0.9, height * 0.1, height * 0.9]
  return [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }]
}
