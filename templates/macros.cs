<?cs # macros.cs: the parts that all pages are built of. A page is
  include!"macros.cs", include!"head.cs", its own content, include!"foot.cs".
  head.cs prints crumbs, the box of form faults, tabs and the h1 (page.title); see cgi/page/page.h for page.*.

  Values
    icon(name)                     a symbol of icons.svg beside a word: ok warning failed running queued cancelled
                                   trash database media note keep download more plus verify search link mail copy
    state(s)                       s.word s.icon s.tone (good warn bad busy idle): word, shape and colour
    time(t)                        t.date and t.ago under each other in a cell; a dash when there is no t.iso
    when(t)                        the same within a sentence
    size(s)                        s.text, with s.bytes in the title
    sum(text)                      a SHA-256 with a button that copies it
    empty(title, text)             what would be here; put .actions behind it

  Forms: <form method="post" action="..."> call:secret() ... <div class="actions"> buttons </div> </form>
    secret()                       the hidden csrf and key of every form
    text(f, name, label, hint)     f is the node of the field: f.value, f.error, f.newer (what somebody else saved)
    input(f, name, label, hint, kind)            kind: email password number url search; autocomplete by name
    area(f, name, label, hint, rows)             a textarea
    choice(name, value, label, hint, on)         one checkbox; several stand in <fieldset><legend>
    radio(name, value, label, hint, on)
    button(label, look)            submit; look: primary danger quiet or ""
    act(action, label, look)       a form of one button
    menu_act(action, label, icon)  the same as an entry of <details class="menu"><summary>..</summary><ul><li>

  Lists: pager(p) with p.newer and p.older (hrefs).
  Tables that become cards on a phone: <div class="scroll"> is not needed;
    <table class="list" role="table"> <thead role="rowgroup"> <tr role="row"> <th role="columnheader" scope="col">
    <tbody role="rowgroup"> <tr role="row"> <td role="cell" data-label="Size" class="num">

  Classes: card panel grid(2 or 3 cards side by side) facts(dl) note(text a person wrote) notice is-warn|is-bad|is-busy
    actions button is-primary|is-danger|is-quiet log(pre) muted num lead menu(details) more(details) filters(form)
    steps(ol with is-done is-now) item(an icon and its word) unseen(for screen readers) empty

  Script hooks (console.js; each page works without): data-poll data-reveal data-ago data-copy ?><?cs
 def:icon(name) ?><svg class="icon" aria-hidden="true"><use href="<?cs var:page.icons ?>#<?cs var:name ?>"></use></svg><?cs /def ?><?cs
 def:state(s) ?><span class="state is-<?cs var:s.tone ?>"><?cs call:icon(s.icon) ?><?cs var:s.word ?></span><?cs /def ?><?cs
 def:time(t) ?><?cs if:t.iso ?><time datetime="<?cs var:t.iso ?>" title="<?cs var:t.iso ?>"><?cs var:t.date ?></time> <span class="ago" data-ago="<?cs var:t.iso ?>"><?cs var:t.ago ?></span><?cs else ?><span class="muted">—</span><?cs /if ?><?cs /def ?><?cs
 def:when(t) ?><time datetime="<?cs var:t.iso ?>" title="<?cs var:t.date ?> UTC" data-ago="<?cs var:t.iso ?>"><?cs var:t.ago ?></time><?cs /def ?><?cs
 def:size(s) ?><?cs if:s.text ?><span class="size" title="<?cs var:s.bytes ?> bytes"><?cs var:s.text ?></span><?cs else ?><span class="muted">—</span><?cs /if ?><?cs /def ?><?cs
 def:sum(text) ?><code class="sum" data-copy="SHA-256"><?cs var:text ?></code><?cs /def ?><?cs
 def:empty(title, text) ?><h2><?cs var:title ?></h2><p><?cs var:text ?></p><?cs /def ?><?cs
 def:secret() ?><input type="hidden" name="csrf" value="<?cs var:page.csrf ?>"><input type="hidden" name="key" value="<?cs var:page.key ?>"><?cs /def ?><?cs
 def:newer(f) ?><?cs if:f.newer ?><p class="hint note">Saved meanwhile: <?cs var:f.newer ?></p><?cs /if ?><?cs /def ?><?cs
 def:label(f, name, label, hint) ?><label for="<?cs var:name ?>"><?cs var:label ?></label><?cs
  if:hint ?><p class="hint" id="<?cs var:name ?>-hint"><?cs var:hint ?></p><?cs /if ?><?cs
  if:f.error ?><p class="fault" id="<?cs var:name ?>-fault"><?cs call:icon("failed") ?><?cs var:f.error ?></p><?cs /if ?><?cs call:newer(f) ?><?cs /def ?><?cs
 def:marks(f, name, hint) ?> id="<?cs var:name ?>" name="<?cs var:name ?>"<?cs if:f.error ?> aria-invalid="true"<?cs /if ?><?cs
  if:f.error && hint ?> aria-describedby="<?cs var:name ?>-hint <?cs var:name ?>-fault"<?cs
  elif:f.error ?> aria-describedby="<?cs var:name ?>-fault"<?cs
  elif:hint ?> aria-describedby="<?cs var:name ?>-hint"<?cs /if ?><?cs /def ?><?cs
 def:text(f, name, label, hint) ?><div class="field<?cs if:f.error ?> is-faulty<?cs /if ?>"><?cs call:label(f, name, label, hint) ?><input type="text"<?cs call:marks(f, name, hint) ?> value="<?cs var:f.value ?>" autocomplete="<?cs if:name == "name" ?>name<?cs else ?>off<?cs /if ?>" spellcheck="false"></div><?cs /def ?><?cs
 def:input(f, name, label, hint, kind) ?><div class="field<?cs if:f.error ?> is-faulty<?cs /if ?>"><?cs call:label(f, name, label, hint) ?><input type="<?cs var:kind ?>"<?cs call:marks(f, name, hint) ?><?cs
  if:kind == "password" ?> data-reveal<?cs else ?> value="<?cs var:f.value ?>"<?cs /if ?><?cs
  if:name == "email" ?> autocomplete="username"<?cs elif:name == "password" ?> autocomplete="<?cs if:f.fresh ?>new-password<?cs else ?>current-password<?cs /if ?>"<?cs else ?> autocomplete="off"<?cs /if ?>></div><?cs /def ?><?cs
 def:area(f, name, label, hint, rows) ?><div class="field<?cs if:f.error ?> is-faulty<?cs /if ?>"><?cs call:label(f, name, label, hint) ?><textarea<?cs call:marks(f, name, hint) ?> rows="<?cs var:rows ?>"><?cs var:f.value ?></textarea></div><?cs /def ?><?cs
 def:pick(kind, name, value, label, hint, on) ?><div class="pick"><input type="<?cs var:kind ?>" id="<?cs var:name ?>-<?cs var:value ?>" name="<?cs var:name ?>" value="<?cs var:value ?>"<?cs if:on ?> checked<?cs /if ?><?cs if:hint ?> aria-describedby="<?cs var:name ?>-<?cs var:value ?>-hint"<?cs /if ?>><label for="<?cs var:name ?>-<?cs var:value ?>"><?cs var:label ?></label><?cs if:hint ?><p class="hint" id="<?cs var:name ?>-<?cs var:value ?>-hint"><?cs var:hint ?></p><?cs /if ?></div><?cs /def ?><?cs
 def:choice(name, value, label, hint, on) ?><?cs call:pick("checkbox", name, value, label, hint, on) ?><?cs /def ?><?cs
 def:radio(name, value, label, hint, on) ?><?cs call:pick("radio", name, value, label, hint, on) ?><?cs /def ?><?cs
 def:button(label, look) ?><button type="submit" class="button<?cs if:look ?> is-<?cs var:look ?><?cs /if ?>"><?cs var:label ?></button><?cs /def ?><?cs
 def:act(action, label, look) ?><form method="post" action="<?cs var:action ?>" class="act"><?cs call:secret() ?><?cs call:button(label, look) ?></form><?cs /def ?><?cs
 def:menu_act(action, label, symbol) ?><form method="post" action="<?cs var:action ?>"><?cs call:secret() ?><button type="submit"><?cs call:icon(symbol) ?><?cs var:label ?></button></form><?cs /def ?><?cs
 def:pager(p) ?><?cs if:p.newer || p.older ?><nav class="pager" aria-label="Pages"><?cs
  if:p.newer ?><a class="button" href="<?cs var:p.newer ?>" rel="prev">Newest</a><?cs /if ?><?cs
  if:p.older ?><a class="button" href="<?cs var:p.older ?>" rel="next">Older</a><?cs /if ?></nav><?cs /if ?><?cs /def ?><?cs #
?>