<?cs # link.cs: the public page behind a link in a mail ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<p class="lead">Backup taken <?cs var:taken.date ?> UTC, prepared for <?cs var:requester ?>.</p>
<?cs if:note ?><p class="note"><?cs var:note ?></p>
<?cs /if ?>
<div class="grid">
<?cs each:f = files ?><section class="card"><h2><?cs call:icon(f.icon) ?> <?cs var:f.service ?></h2>
<dl class="facts"><dt>File</dt><dd><?cs var:f.name ?></dd><dt>Size</dt><dd><?cs call:size(f.size) ?></dd><dt>SHA-256</dt><dd><?cs call:sum(f.sha256) ?></dd></dl>
<?cs if:f.spent ?><p class="muted">It has been downloaded as often as it may be.</p><?cs
else ?><form method="post" action="<?cs var:f.action ?>"><div class="actions"><button type="submit" class="button is-primary"><?cs call:icon("download") ?>Download <?cs var:f.what ?></button></div></form><p class="muted">Can be downloaded <?cs var:f.left ?> more <?cs if:f.left == "1" ?>time<?cs else ?>times<?cs /if ?>.</p><?cs /if ?></section>
<?cs /each ?></div>
<p class="muted">This link works until <?cs var:expires.date ?> UTC. Opening this page uses nothing up. Whoever has the link can download the files.</p>
<?cs include!"foot.cs" ?>
