<?cs # files.cs: what a backup holds: its files, folder by folder, and its tables ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p>Backup <a href="<?cs var:backup.href ?>"><?cs var:backup.id ?></a>, <?cs var:backup.created.date ?> UTC<?cs if:backup.note ?>: <span class="note"><?cs var:backup.note ?></span><?cs /if ?><?cs if:!obstacle ?>. <a href="<?cs var:backup.href ?>/compare">Compare with…</a><?cs /if ?></p>
<?cs if:obstacle ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><p><strong>Nobody can look into backup <?cs var:backup.id ?>.</strong> <?cs var:obstacle ?></p></div>
<?cs else ?><?cs if:files.several ?><nav class="tabs" aria-label="Files of"><ul><?cs each:t = files.parts ?><li><a href="<?cs var:t.href ?>"<?cs if:t.current ?> aria-current="page"<?cs /if ?>><?cs var:t.name ?></a></li><?cs /each ?></ul></nav>
<?cs /if ?><?cs if:files.part ?><?cs include!"part_files.cs" ?>
<?cs elif:subcount(databases) ?><p>This backup has no files; it holds only <?cs each:d = databases ?><?cs if:!first(d) ?>, <?cs /if ?><em><?cs var:d.name ?></em><?cs /each ?>.</p>
<?cs /if ?><?cs each:d = databases ?><h2><?cs call:icon("database") ?> <?cs var:d.name ?></h2>
<?cs if:subcount(d.tables) ?><table class="list" role="table" aria-label="Tables of <?cs var:d.name ?>">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Table</th><th role="columnheader" scope="col" class="num">Rows</th></tr></thead>
<tbody role="rowgroup">
<?cs each:t = d.tables ?><tr role="row"><th role="rowheader" scope="row" data-label="Table"><?cs var:t.name ?></th><td role="cell" class="num" data-label="Rows"><?cs var:t.rows ?></td></tr>
<?cs /each ?></tbody></table>
<?cs if:d.more ?><p class="muted">And <?cs var:d.more ?> more tables.</p>
<?cs /if ?><?cs else ?><p class="muted">No tables were counted when it was made.</p>
<?cs /if ?><?cs /each ?><?cs /if ?><?cs include!"foot.cs" ?>
