import { FolderStore } from './folder-store.ts'
import type { StoreSettings } from './settings.ts'
import type { Store } from './store.ts'

/** Opens a store; nobody is asked yet. */
export async function openStore(settings: StoreSettings): Promise<Store> {
  switch (settings.kind) {
    case 'folder':
      return new FolderStore(settings.folder, settings.isMade)
    case 's3':
      return (await import('./s3-store.ts')).openS3(settings)
    case 'azure':
      return (await import('./azure-store.ts')).openAzure(settings)
  }
}
