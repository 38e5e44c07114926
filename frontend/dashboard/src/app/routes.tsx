/** The pages by their address; each is loaded when it is opened. */
import { createHashRouter, Navigate } from 'react-router'
import { Frame } from './Frame'
import { BrokenPage, NothingHere } from './Fallbacks'

const lists = () => import('../lists/JobsPage')

export const router = createHashRouter([
  {
    element: <Frame />,
    errorElement: <BrokenPage />,
    hydrateFallbackElement: <></>,
    children: [
      {
        errorElement: <BrokenPage />,
        children: [
          { index: true, element: <Navigate to="/jobs" replace /> },
          { path: 'jobs', lazy: async () => ({ Component: (await lists()).AllJobsPage }) },
          { path: 'batches', lazy: async () => ({ Component: (await lists()).BatchesPage }) },
          { path: 'tasks', lazy: async () => ({ Component: (await lists()).TasksPage }) },
          { path: 'downloads', lazy: async () => ({ Component: (await lists()).DownloadsPage }) },
          { path: 'jobs/:id', lazy: async () => ({ Component: (await import('../job/JobPage')).JobPage }) },
          { path: 'new', lazy: async () => ({ Component: (await import('../new_work/NewWorkPage')).NewWorkPage }) },
          { path: 'statistics', lazy: async () => ({ Component: (await import('../statistics/StatisticsPage')).StatisticsPage }) },
          { path: 'administration/:tab?', lazy: async () => ({ Component: (await import('../administration/AdministrationPage')).AdministrationPage }) },
          { path: '*', element: <NothingHere /> },
        ],
      },
    ],
  },
])
