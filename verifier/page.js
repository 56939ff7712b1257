// Owns the page of the verifier, and its worker; both are this file, behind the module's glue.
// Refuses every request but the one for the module: the file never leaves the machine.

const served = new URL('verifier.wasm', import.meta.url);

if (globalThis.document) {
  page();
} else {
  onmessage = async ({ data: { file, key, saved } }) => {
    try {
      await __wbg_init({ module_or_path: served });
      const [state, text] = verify(file, key, saved, (part) => postMessage({ part }));
      postMessage({ state, text });
    } catch (error) {
      postMessage({ state: 'unusable', text: `The check stopped: ${error}. Try another browser, or assent verify.` });
    }
  };
}

function page() {
  const form = document.querySelector('form');
  const { file, key, saved } = form.elements;
  const result = document.querySelector('output');
  const progress = document.querySelector('progress');
  let worker;

  const show = (state, text) => {
    progress.hidden = state !== 'checking';
    result.dataset.state = state;
    result.textContent = text;
  };

  // A new file ends the check of the one before.
  const check = () => {
    worker?.terminate();
    const chosen = file.files[0];
    if (!chosen) return;
    show('checking', `Checking ${chosen.name} …`);
    progress.removeAttribute('value');
    worker = new Worker(import.meta.url, { type: 'module' });
    worker.onerror = () => show('unusable', 'The check cannot start in this browser. Try another one, or assent verify.');
    worker.onmessage = ({ data }) => {
      if (data.state) show(data.state, data.text);
      else progress.value = data.part;
    };
    worker.postMessage({ file: chosen, key: key.value, saved: saved.files[0] });
  };

  form.addEventListener('change', check);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    check();
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    const { files } = event.dataTransfer;
    if (!files.length) return;
    (event.target === saved ? saved : file).files = files;
    check();
  });
  form.hidden = false;
}
