// The editor: CodeMirror with what a Python program needs. esbuild bundles this file with its
// library into editor.js, which defines `Editor`.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import { bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, drawSelection, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

// The line of an error is marked until the program changes.
const mark = StateEffect.define();
const marked = StateField.define({
  create: () => Decoration.none,
  update(lines, transaction) {
    let result = transaction.docChanged ? Decoration.none : lines;
    for (const effect of transaction.effects) if (effect.is(mark)) result = effect.value;
    return result;
  },
  provide: (field) => EditorView.decorations.from(field),
});
const errorLine = Decoration.line({ class: "error-line" });

// Opens an editor in `parent`. `onRun` answers Ctrl+Enter, `onChange` every change of the text.
export function open(parent, { text, label, describedBy, onRun, onChange }) {
  const run = () => (onRun(), true);
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        highlightActiveLineGutter(),
        drawSelection(),
        history(),
        python(),
        indentUnit.of("    "),
        bracketMatching(),
        syntaxHighlighting(classHighlighter),
        marked,
        keymap.of([{ key: "Mod-Enter", run }, { key: "Ctrl-Enter", run }, indentWithTab, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({
          tabindex: "0", "aria-label": label, "aria-describedby": describedBy, spellcheck: "false", autocapitalize: "off", autocorrect: "off",
        }),
        EditorView.updateListener.of((update) => update.docChanged && onChange()),
      ],
    }),
  });
  const line = (number) => (number >= 1 && number <= view.state.doc.lines ? view.state.doc.line(number) : null);
  return {
    text: () => view.state.doc.toString(),
    // As one change, so that Ctrl+Z brings the former text back.
    replace(now) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: now }, selection: { anchor: 0 } });
      view.scrollDOM.scrollTop = 0;
    },
    mark(number) {
      const at = line(number);
      view.dispatch({ effects: mark.of(at ? Decoration.set([errorLine.range(at.from)]) : Decoration.none) });
    },
    select(number) {
      const at = line(number);
      if (!at) return;
      view.dispatch({ selection: { anchor: at.from, head: at.to }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
  };
}
