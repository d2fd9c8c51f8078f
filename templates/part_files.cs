<?cs # part_files.cs: one folder of a backup's files, or what keeps the list from being here ?><div id="files"<?cs if:files.reading ?> data-poll="<?cs var:files.poll ?>"<?cs /if ?>>
<?cs if:files.reading ?><div class="panel" role="status"><p><?cs call:icon("running") ?> Reading the list of files…</p>
<progress aria-label="Working"></progress>
<p class="muted">It is read from the storage once, and kept here for a week.</p>
<div class="actions"><a class="button" href="<?cs var:files.here ?>">Refresh</a> <a class="button is-quiet" href="<?cs var:files.job.href ?>">Watch <?cs var:files.job.id ?></a></div></div>
<?cs elif:files.failed ?><div class="notice is-bad" role="alert"><?cs call:icon("failed") ?><div><p><strong>The list of files could not be read: <?cs var:files.error ?></strong></p><p><a href="<?cs var:files.job.href ?>">Log of <?cs var:files.job.id ?></a></p><?cs call:act(backup.href + "/files", "Try again", "") ?></div></div>
<?cs else ?><nav class="crumbs" aria-label="Folder"><ol>
<?cs each:w = files.way ?><li><?cs if:w.href ?><a href="<?cs var:w.href ?>"><?cs var:w.name ?></a><?cs else ?><span aria-current="page"><?cs var:w.name ?></span><?cs /if ?></li>
<?cs /each ?></ol></nav>
<form class="filters" method="get" action="<?cs var:backup.href ?>/files"><input type="hidden" name="part" value="<?cs var:files.part ?>"><input type="hidden" name="path" value="<?cs var:files.path ?>">
<div class="field"><label for="q">Name contains</label><input type="search" id="q" name="q" value="<?cs var:files.search ?>" autocomplete="off"></div>
<div class="field"><label for="order">Order</label><select id="order" name="order"><?cs each:o = files.orders ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<button type="submit" class="button"><?cs call:icon("search") ?>Show</button><?cs if:files.searched ?> <a class="button is-quiet" href="<?cs var:files.here ?>">Clear search</a><?cs /if ?>
</form>
<?cs if:subcount(files.entries) ?><form method="get" action="<?cs var:backup.href ?>/files/restore" id="entries" tabindex="-1"><input type="hidden" name="part" value="<?cs var:files.part ?>"><input type="hidden" name="path" value="<?cs var:files.path ?>"><?cs if:files.searched ?><input type="hidden" name="q" value="<?cs var:files.search ?>"><?cs /if ?>
<table class="list" role="table" aria-label="Files">
<thead role="rowgroup"><tr role="row"><?cs if:page.may.restore || page.may.download ?><th role="columnheader" scope="col"><span class="unseen">Choose</span></th><?cs /if ?><th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col" class="num">Size</th><th role="columnheader" scope="col">Changed</th><th role="columnheader" scope="col">Mode</th></tr></thead>
<tbody role="rowgroup">
<?cs each:f = files.entries ?><tr role="row"><?cs if:page.may.restore || page.may.download ?><td role="cell" data-label="Choose"><input type="checkbox" name="entry" value="<?cs var:f.id ?>" aria-label="Choose <?cs var:f.name ?>"<?cs if:!f.plain ?> disabled title="Its name cannot be typed; choose the folder it is in"<?cs /if ?>></td><?cs /if ?><th role="rowheader" scope="row" class="row-main" data-label="Name"><span><?cs if:f.folder ?><?cs call:icon("media") ?> <a href="<?cs var:f.href ?>"><?cs var:f.name ?>/</a><?cs else ?><?cs var:f.name ?><?cs /if ?><?cs if:f.link ?> <span class="muted">→ <?cs var:f.target ?></span><?cs elif:f.target ?> <span class="muted">the same file as <?cs var:f.target ?></span><?cs /if ?></span></th><td role="cell" class="num" data-label="Size"><?cs call:size(f.size) ?></td><td role="cell" data-label="Changed"><span class="stamp"><?cs call:time(f.changed) ?></span></td><td role="cell" data-label="Mode"><code><?cs var:f.mode ?></code></td></tr>
<?cs /each ?></tbody></table>
<?cs if:page.may.restore || page.may.download ?><div class="actions"><?cs if:page.may.restore ?><button type="submit" class="button">Restore selected…</button> <?cs /if ?><?cs if:page.may.download ?><button type="submit" class="button" formaction="<?cs var:backup.href ?>/download"><?cs call:icon("download") ?>Download selected…</button><?cs /if ?></div>
<?cs /if ?></form>
<?cs elif:files.searched ?><p>No name here or below contains <strong><?cs var:files.search ?></strong>.</p>
<?cs else ?><p class="muted">This folder is empty.</p>
<?cs /if ?><?cs if:files.first || files.next ?><nav class="pager" aria-label="Pages"><?cs if:files.first ?><a class="button" href="<?cs var:files.first ?>" rel="first">First page</a><?cs /if ?><?cs if:files.next ?><a class="button" href="<?cs var:files.next ?>" rel="next">Next page</a><?cs /if ?></nav>
<?cs /if ?><?cs /if ?></div>
