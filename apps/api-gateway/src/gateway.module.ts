import { Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { DocumentsController } from './documents/documents.controller.js';
import { MergedDocument } from './documents/merged-document.js';
import { OwnDocument } from './documents/own-document.js';
import { PageController } from './page/page.controller.js';
import { Upstreams } from './proxy/services.js';

/** What the gateway answers itself; everything else never reaches Nest. */
@Module({})
export class GatewayModule implements OnModuleDestroy {
  constructor(private readonly upstreams: Upstreams) {}

  async onModuleDestroy(): Promise<void> {
    await this.upstreams.close();
  }

  static with(upstreams: Upstreams): DynamicModule {
    return {
      module: GatewayModule,
      imports: [AccessModule],
      controllers: [PageController, DocumentsController],
      providers: [
        { provide: Upstreams, useValue: upstreams },
        { provide: MergedDocument, useValue: new MergedDocument(upstreams) },
        OwnDocument,
      ],
    };
  }
}
