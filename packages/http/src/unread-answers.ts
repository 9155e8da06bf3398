/**
 * Stops: clients that ask and do not read: each answer that is not taken stays in the memory of this process.
 * Room: the socket, from the moment when an answer is finished until the client has it.
 * Answers: nothing; the connection is ended.
 */
import type { Step } from './security-headers.ts';

/**
 * Makes the step that ends connections whose answers are not read.
 *
 * @param seconds for which nothing of a finished answer may be taken. A client that reads slowly is served for as long as it
 * takes: Node counts bytes that leave, and starts again with each of them.
 */
export function createUnreadStep(seconds: number | false): Step[] {
  if (seconds === false) return [];
  const milliseconds = seconds * 1_000;
  return [
    function watchReading(request, response, next) {
      const { socket } = request;
      // When the application has ended the answer. What is sent at once is finished by then.
      response.once('prefinish', () => {
        if (response.writableFinished || socket.destroyed) return;
        const end = (): void => {
          socket.destroy();
        };
        socket.setTimeout(milliseconds, end);
        // Before Node's own listener, which sets the time for which an idle connection is kept.
        response.prependOnceListener('finish', () => socket.setTimeout(0, end));
      });
      next();
    },
  ];
}
