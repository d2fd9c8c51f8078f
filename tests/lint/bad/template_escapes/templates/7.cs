<?cs # 7.cs: one hole ?><p><?cs linclude:"x" ?></p>
