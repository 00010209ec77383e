import { type OpenAPIObject } from '@nestjs/swagger';

/** The document of the gateway's own routes; made when it is first asked for, since it needs the whole application. */
export class OwnDocument {
  #make: (() => OpenAPIObject) | null = null;
  #document: OpenAPIObject | null = null;

  /** Says how the document is made. */
  use(make: () => OpenAPIObject): void {
    this.#make = make;
  }

  /** @throws Error when nobody said how it is made */
  read(): OpenAPIObject {
    if (this.#make === null)
      throw new Error('the document of the gateway was asked for before the application was there');
    this.#document ??= this.#make();
    return this.#document;
  }
}
