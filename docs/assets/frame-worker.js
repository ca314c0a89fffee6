// From disk browsers refuse web workers, which the search needs: a hidden frame does their work there.
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      this.ready = new Promise((done) => {
        frame.addEventListener("load", () => done(frame.contentWindow));
      });
      const address = new URL(url, location.href).href.replaceAll('"', "%22");
      // The worker's global functions, in the frame's window.
      window.frameWorkerMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      frame.srcdoc = `<script>self.postMessage = (data) => parent.frameWorkerMessage(data)</script><script src="${address}"></script>`;
      document.body.append(frame);
    }
    postMessage(data) {
      this.ready.then((inside) => inside.dispatchEvent(new MessageEvent("message", { data })));
    }
    terminate() {}
  };
  window.Worker = window.IFrameWorker;
}
