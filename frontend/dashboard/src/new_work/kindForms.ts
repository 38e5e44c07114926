/** What the forms of some kinds have of their own; those of all others are made of their JSON Schema. */
import type { ComponentType } from 'react'
import { AlignmentFields, hasPair, PairsHint } from './AlignmentFields'
import type { Processor } from './checks'
import type { Option, Typed } from './optionsSchema'
import type { Target } from './queue'
import { SchemaFields } from './SchemaFields'
import { isReferenceRight, rosterAmong, RosterHint, sheetEndings, SheetFields, strategyOf } from './SheetFields'
import type { Options } from './startWork'

export type FieldsProps = { processor: Processor; options: readonly Option[]; typed: Typed; onChange: (typed: Typed) => void }
export type HintProps = { files: readonly File[]; accept: readonly string[] }

type KindForm = {
  Fields: ComponentType<FieldsProps>
  /** Below the files. */
  Hint?: ComponentType<HintProps>
  /** Of what the server takes, what fits to what was typed. */
  endings: (accept: readonly string[], typed: Typed) => readonly string[]
  isRight: (typed: Typed, files: readonly File[], accept: readonly string[]) => boolean
  /** Options that are not as they were typed. */
  ownValues: (typed: Typed, files: readonly File[], uploads: readonly Target[]) => Options
}

const PLAIN: KindForm = { Fields: SchemaFields, endings: accept => accept, isRight: () => true, ownValues: () => ({}) }

const FORMS: Record<string, KindForm> = {
  alignment: { ...PLAIN, Fields: AlignmentFields, Hint: PairsHint, isRight: (_, files, accept) => hasPair(files, accept) },
  omr: {
    Fields: SheetFields,
    Hint: RosterHint,
    endings: (accept, typed) => sheetEndings(accept, strategyOf(typed)),
    isRight: isReferenceRight,
    ownValues(typed, files, uploads) {
      const roster = uploads[rosterAmong(files)]
      return { strategy: strategyOf(typed), ...(roster && { rosterUploadId: roster.id }) }
    },
  },
}

export const formOf = (kind: string) => FORMS[kind] ?? PLAIN
