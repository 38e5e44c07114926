/** The pages of the navigation, in its order. */
import { ChartColumn, CirclePlus, Download, Files, Layers, Settings2, SquareCheckBig, type LucideIcon } from 'lucide-react'
import type { useAppTexts } from './texts'

type Entry = { path: string; text: Parameters<ReturnType<typeof useAppTexts>>[0]; icon: LucideIcon; isForAdmins?: true }

export const NAVIGATION: Entry[] = [
  { path: '/new', text: 'newWork', icon: CirclePlus },
  { path: '/jobs', text: 'jobs', icon: Files },
  { path: '/batches', text: 'batches', icon: Layers },
  { path: '/tasks', text: 'tasks', icon: SquareCheckBig },
  { path: '/downloads', text: 'downloads', icon: Download },
  { path: '/statistics', text: 'statistics', icon: ChartColumn },
  { path: '/administration', text: 'administration', icon: Settings2 },
]
