import { Table } from '@mantine/core'
import type { ReactNode } from 'react'

/** A table that scrolls sideways on a narrow screen, by keyboard, too. */
export function WideTable({ minWidth, children }: { minWidth: number; children: ReactNode }) {
  return <Table.ScrollContainer type="native" minWidth={minWidth} tabIndex={0}>{children}</Table.ScrollContainer>
}
