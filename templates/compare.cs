<?cs # compare.cs: what changed from one backup to another, in files and in tables ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:older.id ?><p>From <a href="<?cs var:older.href ?>"><?cs var:older.id ?></a>, <?cs var:older.created.date ?> UTC<?cs if:older.note ?> (<span class="note"><?cs var:older.note ?></span>)<?cs /if ?>, to <a href="<?cs var:newer.href ?>"><?cs var:newer.id ?></a>, <?cs var:newer.created.date ?> UTC<?cs if:newer.note ?> (<span class="note"><?cs var:newer.note ?></span>)<?cs /if ?>.</p>
<?cs else ?><p>There is no other backup to compare <a href="<?cs var:backup.href ?>"><?cs var:backup.id ?></a> with: no second one of this environment is ready, and none of another environment has the same services.</p>
<?cs /if ?><?cs if:subcount(compare.candidates) ?><form class="filters" method="get" action="<?cs var:backup.href ?>/compare">
<div class="field"><label for="with">Compare <?cs var:backup.id ?> with</label><select id="with" name="with"><?cs each:c = compare.candidates ?><option value="<?cs var:c.value ?>"<?cs if:c.on ?> selected<?cs /if ?>><?cs var:c.value ?>, <?cs if:c.place ?><?cs var:c.place ?>, <?cs /if ?><?cs var:c.created.date ?> UTC<?cs if:c.note ?>, <?cs var:c.note ?><?cs /if ?></option><?cs /each ?></select></div>
<button type="submit" class="button">Compare</button>
</form>
<?cs /if ?><?cs if:compare.obstacle ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>Nobody can look into backup <?cs var:compare.unready ?>.</strong> <?cs var:compare.obstacle ?></p></div>
<?cs else ?><?cs if:subcount(compare.only_older) ?><p>Only in <?cs var:older.id ?>: <?cs each:o = compare.only_older ?><?cs if:!first(o) ?>, <?cs /if ?><em><?cs var:o.name ?></em><?cs /each ?>.</p>
<?cs /if ?><?cs if:subcount(compare.only_newer) ?><p>Only in <?cs var:newer.id ?>: <?cs each:o = compare.only_newer ?><?cs if:!first(o) ?>, <?cs /if ?><em><?cs var:o.name ?></em><?cs /each ?>.</p>
<?cs /if ?><?cs if:compare.several ?><nav class="tabs" aria-label="Files of"><ul><?cs each:t = compare.parts ?><li><a href="<?cs var:t.href ?>"<?cs if:t.current ?> aria-current="page"<?cs /if ?>><?cs var:t.name ?></a></li><?cs /each ?></ul></nav>
<?cs /if ?><?cs if:compare.part ?><h2><?cs call:icon("media") ?> <?cs var:compare.name ?></h2>
<?cs include!"part_compare.cs" ?>
<?cs /if ?><?cs each:d = databases ?><h2><?cs call:icon("database") ?> <?cs var:d.name ?></h2>
<p>The dump has <?cs call:size(d.after) ?>; before it had <?cs call:size(d.before) ?>.<?cs if:d.counted ?> Tables with the same number of rows: <?cs var:d.same ?>.<?cs /if ?></p>
<?cs if:subcount(d.tables) ?><table class="list" role="table" aria-label="Tables of <?cs var:d.name ?>">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Table</th><th role="columnheader" scope="col">State</th><th role="columnheader" scope="col" class="num">Rows before</th><th role="columnheader" scope="col" class="num">Rows after</th></tr></thead>
<tbody role="rowgroup">
<?cs each:t = d.tables ?><tr role="row"><th role="rowheader" scope="row" data-label="Table"><?cs var:t.name ?></th><td role="cell" data-label="State"><?cs call:state(t.state) ?></td><td role="cell" class="num" data-label="Rows before"><?cs if:t.before ?><?cs var:t.before ?><?cs else ?><span class="muted">—</span><?cs /if ?></td><td role="cell" class="num" data-label="Rows after"><?cs if:t.after ?><?cs var:t.after ?><?cs else ?><span class="muted">—</span><?cs /if ?></td></tr>
<?cs /each ?></tbody></table>
<?cs if:d.more ?><p class="muted">And <?cs var:d.more ?> more tables.</p>
<?cs /if ?><?cs elif:d.counted ?><p class="muted">No table came or went, and none has another number of rows. What stands in the rows was not compared.</p>
<?cs else ?><p class="muted">The tables were not counted in both of them.</p>
<?cs /if ?><?cs /each ?><?cs /if ?><?cs include!"foot.cs" ?>
