import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ERRORS, type ErrorCode } from '../errors.js';

export class ErrorDto {
  @ApiProperty({ enum: Object.keys(ERRORS), description: 'Stable name of the refusal, for programs' })
  code!: ErrorCode;

  @ApiProperty({ description: 'Names the thing and the value', example: 'count must be between 1 and 1000, got 0' })
  message!: string;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, description: 'Facts beside the message' })
  details?: Record<string, unknown>;

  @ApiPropertyOptional({ description: 'Id under which the log of the server knows the request' })
  requestId?: string;
}

/** Body of every refused request of our own routes. */
export class ErrorBodyDto {
  @ApiProperty({ type: ErrorDto })
  error!: ErrorDto;
}
